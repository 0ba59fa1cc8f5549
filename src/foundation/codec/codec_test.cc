#include <gtest/gtest.h>

#include "foundation/base/random.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/cbor.h"
#include "foundation/codec/time.h"
#include "foundation/codec/uri.h"
#include "foundation/codec/utf8.h"

namespace aloft::codec {
namespace {

// The vectors of RFC 4648, section 10.
TEST(Base64, KnownAnswers) {
  EXPECT_EQ(Base64Encode(""), "");
  EXPECT_EQ(Base64Encode("f"), "Zg==");
  EXPECT_EQ(Base64Encode("fo"), "Zm8=");
  EXPECT_EQ(Base64Encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64Decode("Zm8="), "fo");
  EXPECT_EQ(Base64UrlEncode("\xfb\xff"), "-_8");
  EXPECT_EQ(Base64UrlDecode("-_8"), "\xfb\xff");
}

// A checksum header that two decoders read differently is a way around the check.
TEST(Base64, RefusesWhatIsNotCanonical) {
  for (std::string_view text : {"Zg=", "Zg", "Zg===", "Zh==", "Z===", "Zm9v\n", "Zm 9", "-_8="})
    EXPECT_FALSE(Base64Decode(text)) << text;
}

// Random bytes of each length survive.
TEST(Base64, RoundTrip) {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 100; ++size) {
    std::vector<std::uint8_t> bytes(size);
    random.Fill(bytes);
    EXPECT_EQ(Base64Decode(Base64Encode(bytes)), AsText(bytes));
    EXPECT_EQ(Base64UrlDecode(Base64UrlEncode(bytes)), AsText(bytes));
  }
}

// Signatures depend on exactly this encoding.
TEST(Uri, EncodesAsAws) {
  EXPECT_EQ(PercentEncode("a b/c~-_.+*"), "a%20b%2Fc~-_.%2B%2A");
  EXPECT_EQ(PercentEncode("a b/\xc3\xa9", true), "a%20b/%C3%A9");
}

// Broken escapes are refused, never guessed; a plus is a space only in queries.
TEST(Uri, Decodes) {
  EXPECT_EQ(PercentDecode("a%2fb+%C3%a9"), "a/b+\xc3\xa9");
  for (std::string_view text : {"%", "%4", "a%zz", "%4g"}) EXPECT_FALSE(PercentDecode(text)) << text;
  auto query = ParseQuery("uploads&a=b%20c+d&&e=f=g&");
  ASSERT_TRUE(query);
  EXPECT_EQ(*query, (Query{{"uploads", ""}, {"a", "b c d"}, {"e", "f=g"}}));
  EXPECT_EQ(*Find(*query, "a"), "b c d");
  EXPECT_EQ(Find(*query, "x"), nullptr);
  EXPECT_FALSE(ParseQuery("a=%"));
}

// Overlong forms and surrogates are how filters are passed.
TEST(Utf8, Validates) {
  EXPECT_TRUE(IsUtf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
  for (std::string_view text : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xc3"})
    EXPECT_FALSE(IsUtf8(text));
  EXPECT_EQ(CountCharacters("a\xc3\xa9\xff"), 3u);
}

// All forms of one instant, as AWS writes them.
TEST(TimeText, FormatsAndParses) {
  Time time = FromMicros(784111777'123456);
  EXPECT_EQ(FormatHttpDate(time), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(FormatIso8601(time), "1994-11-06T08:49:37Z");
  EXPECT_EQ(FormatIso8601Millis(time), "1994-11-06T08:49:37.123Z");
  EXPECT_EQ(FormatBasic(time), "19941106T084937Z");
  Time whole = FromMicros(784111777'000000);
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), whole);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), whole);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994"), whole);
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 09:49:37 +0100"), whole);
  EXPECT_EQ(ParseIso8601("1994-11-06T08:49:37.123456Z"), time);
  EXPECT_EQ(ParseIso8601("1994-11-06T10:49:37+02:00"), whole);
  EXPECT_EQ(ParseBasic("19941106T084937Z"), whole);
  EXPECT_EQ(FormatIso8601(*ParseIso8601("2024-02-29")), "2024-02-29T00:00:00Z");
  EXPECT_EQ(FormatIso8601Millis(FromMicros(-1)), "1969-12-31T23:59:59.999Z");
}

// A date that does not exist is no date.
TEST(TimeText, RefusesNonsense) {
  for (std::string_view text : {"", "2023-02-29", "2024-13-01", "2024-01-01T25:00:00Z", "2024-01-01T00:00:00Zx",
                                "2024-1-1", "20240101", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+9900"})
    EXPECT_FALSE(ParseIso8601(text)) << text;
  for (std::string_view text : {"", "x", "Sun, 31 Feb 2024 00:00:00 GMT", "Sun, 06 Nov 1994 08:49:37", "Sun"})
    EXPECT_FALSE(ParseHttpDate(text)) << text;
  EXPECT_FALSE(FromEpochSeconds(1e300));
  EXPECT_FALSE(FromEpochSeconds(0.0 / 0.0));
}

// Fractions of a second survive the way through a double.
TEST(TimeText, EpochSeconds) {
  Time time = FromMicros(1'700'000'000'123'456);
  EXPECT_EQ(FromEpochSeconds(ToEpochSeconds(time)), time);
}

// The examples of RFC 8949, appendix A.
TEST(Cbor, KnownAnswers) {
  auto hex = [](std::string_view text) { return *HexDecode(text); };
  EXPECT_EQ(*ParseCbor(hex("1b000000e8d4a51000"))->If<std::int64_t>(), 1'000'000'000'000);
  EXPECT_EQ(*ParseCbor(hex("1bffffffffffffffff"))->If<std::uint64_t>(), 18446744073709551615u);
  EXPECT_EQ(*ParseCbor(hex("3903e7"))->If<std::int64_t>(), -1000);
  EXPECT_EQ(*ParseCbor(hex("f93e00"))->If<double>(), 1.5);
  EXPECT_EQ(*ParseCbor(hex("f90001"))->If<double>(), 5.960464477539063e-8);
  EXPECT_EQ(*ParseCbor(hex("fa47c35000"))->If<double>(), 100000.0);
  EXPECT_EQ(*ParseCbor(hex("7f657374726561646d696e67ff"))->If<std::string>(), "streaming");
  EXPECT_EQ(ParseCbor(hex("4401020304"))->If<CborBytes>()->bytes.size(), 4u);
  auto tagged = ParseCbor(hex("c1fb41d452d9ec200000"));
  ASSERT_TRUE(tagged.ok());
  EXPECT_EQ(tagged->If<CborTag>()->tag, 1u);
  auto map = ParseCbor(hex("bf61610161629f0203ffff"));
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->If<CborMap>()->at(1).value.If<CborArray>()->size(), 2u);
}

// What is written is what the standard's own encoder writes.
TEST(Cbor, Writes) {
  std::string out;
  CborWriter(out).Map(2).Text("a").Int(-1000).Text("b").Array(3).Bool(true).Null().Double(1.5);
  EXPECT_EQ(HexEncode(AsBytes(out)), "a261613903e7616283f5f6fb3ff8000000000000");
  auto value = ParseCbor(out);
  ASSERT_TRUE(value.ok());
  std::string again;
  WriteCbor(*value, again);
  EXPECT_EQ(again, out);
}

// Lengths that promise more than there is must not reserve memory, and nesting must not eat the stack.
TEST(Cbor, RefusesHostileInput) {
  for (std::string_view text : {"", "9bffffffffffffffff", "5bffffffffffffffff", "bbffffffffffffffff", "a10101", "1c",
                                "ff", "6161ff", "61ff", "7f01ff", "1f", "df", "3bffffffffffffffff", "8301"})
    EXPECT_FALSE(ParseCbor(*HexDecode(text)).ok()) << text;
  EXPECT_FALSE(ParseCbor(std::string(100'000, '\x81')).ok());
}

}  // namespace
}  // namespace aloft::codec
