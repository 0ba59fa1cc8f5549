#include "services/serving/onnx_worker/python_forms.h"

#include <gtest/gtest.h>

namespace aloft::onnx_worker {
namespace {

std::string Number(double value) {
  std::string out;
  WritePythonNumber(value, out);
  return out;
}

// Answers are compared byte by byte with what Python's repr writes.
TEST(PythonForms, NumbersAreWrittenAsPythonWritesThem) {
  EXPECT_EQ(Number(0), "0.0");
  EXPECT_EQ(Number(-0.0), "-0.0");
  EXPECT_EQ(Number(0.1), "0.1");
  EXPECT_EQ(Number(-12.5), "-12.5");
  EXPECT_EQ(Number(100), "100.0");
  EXPECT_EQ(Number(0.0001), "0.0001");
  EXPECT_EQ(Number(0.00001234), "1.234e-05");
  EXPECT_EQ(Number(1e15), "1000000000000000.0");
  EXPECT_EQ(Number(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(Number(1e16), "1e+16");
  EXPECT_EQ(Number(5e-324), "5e-324");
  EXPECT_EQ(Number(1.7976931348623157e308), "1.7976931348623157e+308");
}

// What Python may read otherwise, or refuses with words of its own, is not read here.
TEST(PythonForms, ReadsOnlyWhatPythonReadsAlike) {
  Rows rows;
  auto json = [&](std::string_view body) { return ReadAsPython("application/json", body, 2, rows); };
  EXPECT_TRUE(json("[[1, -2.5e3], [0.5, 0]]"));
  EXPECT_EQ(rows.values, (std::vector<double>{1, -2500, 0.5, 0}));
  EXPECT_TRUE(json(R"({"instances": [[1, 2]]})"));
  EXPECT_TRUE(ReadAsPython("application/json; charset=utf-8", "[[1,2]]", 2, rows));
  EXPECT_FALSE(json("[1, 2]")) << "one dimension is refused by scikit-learn";
  EXPECT_FALSE(json("[[1, 2, 3]]"));
  EXPECT_FALSE(json("[[1, NaN]]"));
  EXPECT_FALSE(json("[[1, true]]"));
  EXPECT_FALSE(json("[[01, 2]]"));
  EXPECT_FALSE(json("[[1., 2]]"));
  EXPECT_FALSE(json("[[1, 12345678901234567890]]"));
  EXPECT_FALSE(json("[[1, 1e300]]"));
  EXPECT_FALSE(json("[]"));
  EXPECT_FALSE(json("[[1, 2]"));
  EXPECT_FALSE(json(R"({"instances": [[1, 2]], "data": 3})"));
  EXPECT_FALSE(json(R"({"dataframe_split": {"data": [[1, 2]]}})"));
  auto csv = [&](std::string_view body) { return ReadAsPython("text/csv", body, 2, rows); };
  EXPECT_TRUE(csv("1,2\r\n-3,4.5\n"));
  EXPECT_EQ(rows.values, (std::vector<double>{1, 2, -3, 4.5}));
  EXPECT_FALSE(csv("a,b\n1,2"));
  EXPECT_FALSE(csv("1,\"2\""));
  EXPECT_FALSE(csv("1,nan"));
  EXPECT_FALSE(csv(""));
  EXPECT_FALSE(ReadAsPython("text/libsvm", "1 0:1 1:2", 2, rows));
  EXPECT_FALSE(ReadAsPython("application/x-npy", "\x93NUMPY", 2, rows));
}

// The three forms of an answer, and texts as json.dumps escapes them.
TEST(PythonForms, WritesAnswersAsPythonDoes) {
  Output numbers{"predict", {2}, std::vector<double>{1, 0.25}, {}};
  EXPECT_EQ(WriteAsPython(Format::kJson, numbers), "[1.0, 0.25]");
  EXPECT_EQ(WriteAsPython(Format::kCsv, numbers), "1.0\n0.25\n");
  const std::string npy = WriteAsPython(Format::kNpy, numbers).value();
  EXPECT_EQ(npy.size(), 128u + 16u);
  EXPECT_EQ(npy.substr(10, 60), "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }   ");
  Output labels{"predict", {2}, std::vector<std::int64_t>{3, -1}, {}};
  EXPECT_EQ(WriteAsPython(Format::kJson, labels), "[3, -1]");
  Output texts{"predict", {2}, std::vector<std::string>{"a\"b", "\xc3\xa9\xf0\x9f\x98\x80\x01"}, {}};
  EXPECT_EQ(WriteAsPython(Format::kJson, texts), R"(["a\"b", "\u00e9\ud83d\ude00\u0001"])");
  EXPECT_EQ(WriteAsPython(Format::kCsv, texts), std::nullopt) << "a quote is csv's to write";
  EXPECT_EQ(WriteAsPython(Format::kNpy, texts), std::nullopt) << "the width is the model's to know";
  Output infinite{"predict", {1}, std::vector<double>{1.0 / 0.0}, {}};
  EXPECT_EQ(WriteAsPython(Format::kJson, infinite), std::nullopt);
}

// Which answers are wanted: only the plain ways of saying it.
TEST(PythonForms, KnowsThePlainAccepts) {
  EXPECT_EQ(AcceptedByPython(""), Format::kJson);
  EXPECT_EQ(AcceptedByPython("*/*"), Format::kJson);
  EXPECT_EQ(AcceptedByPython("Text/CSV"), Format::kCsv);
  EXPECT_EQ(AcceptedByPython("application/x-npy"), Format::kNpy);
  EXPECT_EQ(AcceptedByPython("text/csv;q=0.5, application/json"), std::nullopt);
}

}  // namespace
}  // namespace aloft::onnx_worker
