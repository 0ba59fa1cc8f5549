#include "foundation/codec/json.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <cstdlib>
#include <limits>

#include "foundation/codec/errors.h"

namespace aloft::codec {
namespace {

std::string Rewrite(std::string_view text) {
  auto value = ParseJson(text);
  return value.ok() ? WriteJson(*value) : Describe(value.error());
}

// Clients compare timestamps and counters as text: exponents and lost digits would show.
TEST(Json, WritesNumbersReadably) {
  EXPECT_EQ(Rewrite("[0,-1,9223372036854775807,18446744073709551615]"),
            "[0,-1,9223372036854775807,18446744073709551615]");
  EXPECT_EQ(Rewrite("[2.5,0.1,1.0,1700000000.123,-0.5,1e3]"), "[2.5,0.1,1.0,1700000000.123,-0.5,1000.0]");
  EXPECT_EQ(Rewrite("[1e300,1e-300]"), "[1e+300,1e-300]");
}

// A number that comes back one bit off is another number: the library's own reading of these is.
TEST(Json, ReadsNumbersExactly) {
  for (std::string_view text : {"5e216", "0.1", "1.7976931348623157e308", "5e-324", "123456789.123456789", "-2.5e-10"})
    EXPECT_EQ(ParseJson(text)->as_double(), std::strtod(std::string(text).c_str(), nullptr)) << text;
  EXPECT_EQ(ParseJson("1e-400")->as_double(), 0.0);
  EXPECT_EQ(ParseJson(" [1.5 ,2.5e1] ")->as_array().at(1).as_double(), 25.0);
}

// JSON has no infinity: a document that contains one cannot be read by anybody.
TEST(Json, NeverSaysInfinity) {
  EXPECT_FALSE(ParseJson("1e400").ok());
  std::string out;
  WriteNumber(std::numeric_limits<double>::infinity(), out);
  WriteNumber(std::numeric_limits<double>::quiet_NaN(), out);
  EXPECT_EQ(out, "nullnull");
}

// A hostile document must cost neither the stack nor the memory.
TEST(Json, RefusesDepthAndSize) {
  EXPECT_TRUE(ParseJson(std::string(60, '[') + std::string(60, ']')).ok());
  EXPECT_EQ(ParseJson(std::string(100'000, '[')).error().reason, kMalformedJson);
  EXPECT_EQ(ParseJson("[1,2,3]", {64, 3}).error().reason, kInputTooLarge);
}

// Each of these was taken for JSON by some parser.
TEST(Json, RefusesWhatIsNotJson) {
  for (std::string_view text : {"", "{", "[1,]", "{'a':1}", "nul", "1 2", "\"\xff\"", "01", "[1]x", "NaN"})
    EXPECT_FALSE(ParseJson(text).ok()) << text;
}

// Strings come from users: quotes, controls and broken UTF-8 must not break the document.
TEST(Json, EscapesStrings) {
  std::string out;
  WriteString(std::string_view("a\"\\\n\x01\x7f\xc3\xa9\xff\0z", 11), out);
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\u0001\x7f\xc3\xa9\xef\xbf\xbd\\u0000z\"");
  EXPECT_TRUE(ParseJson(out).ok());
}

// The append writer places every comma.
TEST(Json, WriterSeparates) {
  std::string out;
  JsonWriter(out)
      .BeginObject()
      .Key("a")
      .Int(1)
      .Key("b")
      .BeginArray()
      .Null()
      .BeginObject()
      .EndObject()
      .Double(0.5)
      .EndArray()
      .Key("c")
      .String("x")
      .EndObject();
  EXPECT_EQ(out, R"({"a":1,"b":[null,{},0.5],"c":"x"})");
}

}  // namespace
}  // namespace aloft::codec
