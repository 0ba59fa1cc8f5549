#include "platform/audit/packed_record.h"

#include <gtest/gtest.h>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "platform/audit/event.h"
#include "platform/audit/records.h"

namespace aloft::audit {
namespace {

constexpr std::string_view kGolden =
    "02000002df1f0188031c0f8904050d7f03018504fb083132333435363738393031323a757365722f616c6963650b0423227d"
    "8b012154691001af313937302d30312d3031a2025d038004049a0601590701be01048c02012205010d00f108336632623663"
    "31652d303030302d343030302d383030300f00030200113140000fbd0242085901049700071c080fc902153b622f6b8c010b"
    "590006eb0b02570a02d0060fd802141562d9021f6bda02014f34353830de02467066616c73657d7d";
constexpr std::string_view kGoldenDigest = "df003461b116d19b063afd027a15166d89704f658423aba3e42d494d37344001";

std::string SomeRecord() {
  Facts facts;
  facts.session.kind = identity::PrincipalKind::kUser;
  facts.session.arn = "arn:aws:iam::123456789012:user/alice";
  facts.service = "s3";
  facts.operation = "PutObject";
  facts.kind = Classify("s3", "PutObject");
  facts.account = AccountId("123456789012");
  facts.region = Region("us-east-1");
  facts.parameters = R"({"bucketName":"b","key":"k","Host":"127.0.0.1:4580"})";
  facts.resources = {"arn:aws:s3:::b/k"};
  return EncodeRecord(Opening(facts, "3f2b6c1e-0000-4000-8000-000000000001") + Ending(facts, {}));
}

// What is kept must come back byte for byte: its digest is in a signed chain. And packing must be worth its time.
TEST(PackedRecord, ComesBackByteForByteAndIsSmall) {
  const std::string plain = SomeRecord();
  const std::string packed = PackRecord(plain);
  EXPECT_LT(packed.size(), plain.size() * 2 / 5) << plain.size();
  EXPECT_EQ(UnpackRecord(packed), plain);
  EXPECT_EQ(JsonOfRecord(packed), plain.substr(1));
  const std::string large = EncodeRecord("{\"x\":\"" + std::string(40'000, 'y') + SomeRecord() + "\"}");
  EXPECT_EQ(UnpackRecord(PackRecord(large)), large);
}

// Logs of releases before the packing open for ever, and a record that packing would not shorten is kept as it was.
TEST(PackedRecord, PlainRecordsAreReadAsTheyAre) {
  const std::string plain = SomeRecord();
  EXPECT_EQ(UnpackRecord(plain), plain);
  EXPECT_EQ(PackRecord(EncodeRecord("")), EncodeRecord(""));
}

// Written by the release that began to pack: if this fails, the dictionary was touched, and no packed log can be read.
TEST(PackedRecord, TheDictionaryIsTheFormats) {
  const auto packed = HexDecode(kGolden);
  ASSERT_TRUE(packed);
  const auto plain = UnpackRecord(*packed);
  ASSERT_TRUE(plain);
  EXPECT_EQ(HexEncode(AsBytes(crypto::Sha256(*plain))), kGoldenDigest) << *plain;
}

// Whoever can write to the store may leave anything there.
TEST(PackedRecord, DamageIsNoRecord) {
  const std::string plain = SomeRecord(), packed = PackRecord(plain);
  EXPECT_FALSE(UnpackRecord(""));
  EXPECT_FALSE(UnpackRecord("\x03 of a newer version"));
  for (std::size_t size = 0; size < packed.size(); ++size) EXPECT_FALSE(UnpackRecord(packed.substr(0, size))) << size;
  // A bit that carries no content may change; what is read is the record, or nothing, or something with another digest.
  for (std::size_t at = 0; at < packed.size(); ++at) {
    std::string flipped = packed;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    const auto read = UnpackRecord(flipped);
    EXPECT_LE(read ? read->size() : 0, 1u << 20);
  }
  // A length that no record has.
  EXPECT_FALSE(UnpackRecord(std::string("\x02\x7f\xff\xff\xff", 5) + packed.substr(5)));
}

}  // namespace
}  // namespace aloft::audit
