#include "services/serving/onnx_worker/decode.h"

#include <gtest/gtest.h>

namespace aloft::onnx_worker {
namespace {

Rows Decoded(std::string_view type, std::string_view body) {
  Rows rows;
  Status status = Decode(type, body, rows);
  EXPECT_TRUE(status.ok()) << Describe(status.error());
  return rows;
}

Error Refused(std::string_view type, std::string_view body) {
  Rows rows;
  Status status = Decode(type, body, rows);
  EXPECT_FALSE(status.ok()) << body;
  return status.ok() ? Error{} : status.error();
}

// Every way that clients wrap rows gives the same rows.
TEST(DecodeJson, TheShapesThatClientsSend) {
  for (const char* body :
       {"[[1, 2.5], [3, -4e2]]", " {\"instances\":[[1,2.5],[3,-4e2]]} ", "{\"inputs\" : [[1,2.5],[3,-400]]}",
        "{\"parameters\":{\"a\":[1,{\"b\":\"]\\\"\"}]},\"data\":[[1,2.5],[3,-400.0]],\"id\":null}"}) {
    Rows rows = Decoded("application/json", body);
    EXPECT_EQ(rows.shape, (Shape{2, 2})) << body;
    EXPECT_EQ(rows.values, (std::vector<double>{1, 2.5, 3, -400})) << body;
  }
}

// One row of features is a row, not a column; a bare list stays what it is.
TEST(DecodeJson, FeaturesAreOneRow) {
  EXPECT_EQ(Decoded("", "{\"features\":[1,2,3]}").shape, (Shape{1, 3}));
  EXPECT_EQ(Decoded("", "{\"features\":[[1,2,3]]}").shape, (Shape{1, 3}));
  EXPECT_EQ(Decoded("", "[1,2,3]").shape, (Shape{3}));
}

// Images and sequences: any rank; booleans are numbers.
TEST(DecodeJson, AnyRank) {
  Rows rows = Decoded("application/json; charset=utf-8", "[[[1,true],[false,4]],[[5,6],[7,8]],[[9,10],[11,12]]]");
  EXPECT_EQ(rows.shape, (Shape{3, 2, 2}));
  EXPECT_EQ(rows.values[2], 0);
  EXPECT_EQ(Decoded("", "[]").shape, (Shape{0}));
}

// Nothing that is not rows of numbers passes, and each refusal says where it is wrong.
TEST(DecodeJson, RefusesWhatIsNoRows) {
  for (const char* body : {"",
                           "[",
                           "[1,",
                           "[1 2]",
                           "[1,]",
                           "{}",
                           "{\"rows\":[1]}",
                           "{\"inputs\":1}",
                           "{\"inputs\":[1],\"data\":[1]}",
                           "[[1,2],[3]]",
                           "[[1],2]",
                           "[1,[2]]",
                           "[\"a\"]",
                           "[null]",
                           "[NaN]",
                           "[Infinity]",
                           "[-inf]",
                           "[1]x",
                           "[[]",
                           "{\"inputs\":[1]",
                           "{\"a\"}",
                           "{\"a\":",
                           "[1e999]",
                           "\"x\"",
                           "[[[1]],[[2],[3]]]",
                           "[[1],[]]"}) {
    EXPECT_EQ(Refused("application/json", body).reason, kBadBody) << body;
  }
  EXPECT_EQ(Refused("", std::string(100, '[') + std::string(100, ']')).reason, kBadBody);
}

// CSV as spreadsheets and the SDK's serializer write it.
TEST(DecodeCsv, Rows) {
  Rows rows = Decoded("text/csv",
                      "\xef\xbb\xbf"
                      "1, 2.5\r\n\n\"3\",+4\n");
  EXPECT_EQ(rows.shape, (Shape{2, 2}));
  EXPECT_EQ(rows.values, (std::vector<double>{1, 2.5, 3, 4}));
  EXPECT_EQ(Refused("text/csv", "").reason, kBadBody);
  EXPECT_EQ(Refused("text/csv", "1,2\n3").reason, kBadBody);
  EXPECT_NE(Refused("text/csv", "a,b\n1,2").message.find("'a'"), std::string::npos);
}

std::string Npy(std::string_view header, std::string_view data) {
  std::string text(header);
  while ((10 + text.size() + 1) % 64 != 0) text += ' ';
  text += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(text.size());
  out += '\0';
  return out + text + std::string(data);
}

// What numpy.save writes is read for every number type; what would need more is refused, objects above all.
TEST(DecodeNpy, TypesAndShapes) {
  float floats[] = {1, 2, 3, 4, 5, 6};
  std::string_view bytes(reinterpret_cast<const char*>(floats), sizeof floats);
  Rows rows = Decoded("application/x-npy", Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", bytes));
  EXPECT_EQ(rows.shape, (Shape{2, 3}));
  EXPECT_EQ(rows.values, (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(
      Decoded("application/x-npy", Npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", "abc")).values,
      (std::vector<double>{97, 98, 99}));

  for (const char* header : {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }",
                             "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }",
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }",
                             "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }", "{}", ""}) {
    EXPECT_EQ(Refused("application/x-npy", Npy(header, bytes)).reason, kBadBody) << header;
  }
  std::string whole = Npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", bytes);
  for (std::size_t length = 0; length < whole.size(); ++length) Refused("application/x-npy", whole.substr(0, length));
}

// A content type that nobody reads is told apart from a bad body: 415, not 400.
TEST(Decode, UnknownType) {
  EXPECT_EQ(Refused("application/xml", "<a/>").reason, kUnsupportedType);
}

}  // namespace
}  // namespace aloft::onnx_worker
