#include "foundation/crypto/hash.h"

#include <gtest/gtest.h>

#include "foundation/base/random.h"
#include "foundation/crypto/aead.h"
#include "foundation/crypto/hmac.h"

namespace aloft::crypto {
namespace {

std::string Hex(std::string_view bytes) {
  return HexEncode(AsBytes(bytes));
}
std::string Unhex(std::string_view text) {
  return std::string(AsText(AsBytes(*HexDecode(text))));
}

// The published digests of "abc" (RFC 1321, FIPS 180-4): the right algorithm answers to each name.
TEST(Hash, KnowsThePublishedDigests) {
  EXPECT_EQ(Hex(Md5("abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(Hex(Sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Digested(Digest::kSha384, "abc")),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(Hex(Digested(Digest::kSha512, "abc")).substr(0, 32), "ddaf35a193617abacc417349ae204131");
  EXPECT_EQ(Sha256Hex(""), kEmptySha256Hex);
}

// An upload is hashed in pieces of any size, and the object is used again after Finish.
TEST(Hash, PiecesMakeTheSameDigestAndTheObjectStartsAnew) {
  for (const Digest digest : {Digest::kMd5, Digest::kSha1, Digest::kSha256}) {
    Hash hash(digest);
    for (const int round : {1, 2}) {
      static_cast<void>(round);
      hash.Update("a");
      hash.Update("");
      hash.Update("bc");
      EXPECT_EQ(hash.Finish(), Digested(digest, "abc"));
    }
    EXPECT_EQ(Hash(digest).Finish().size(), DigestSize(digest));
  }
}

// RFC 4231 cases 1, 2 and 6 (a key longer than a block), and an empty key.
TEST(Hmac, KnowsThePublishedCodes) {
  EXPECT_EQ(Hex(HmacSha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(HmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(Hex(HmacSha256("", "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 5869 case 1 and 3: purposes get independent keys from one root.
TEST(DeriveKey, KnowsThePublishedKeys) {
  EXPECT_EQ(
      Hex(DeriveKey(std::string(22, '\x0b'), Unhex("000102030405060708090a0b0c"), Unhex("f0f1f2f3f4f5f6f7f8f9"), 42)),
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(Hex(DeriveKey(std::string(22, '\x0b'), "", "", 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

// NIST GCM test cases 13, 14 and 16 (AES-256): the seal is the standard's, so other tools can open it.
TEST(Aead, KnowsThePublishedSeals) {
  EXPECT_EQ(Hex(AeadSeal(std::string(32, '\0'), std::string(12, '\0'), "", "")), "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(Hex(AeadSeal(std::string(32, '\0'), std::string(12, '\0'), std::string(16, '\0'), "")),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  const std::string key = Unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const std::string text = Unhex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b39");
  EXPECT_EQ(
      Hex(AeadSeal(key, Unhex("cafebabefacedbaddecaf888"), text, Unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"))),
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
      "bcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b");
}

// Whoever flips one bit anywhere, or offers another purpose, gets an error and no bytes.
TEST(Aead, OpensOnlyWhatWasSealed) {
  SeededRandom random(1);
  const std::string key = random.Text(32, "abcdef"), nonce = random.Text(12, "abcdef");
  const std::string sealed = AeadSeal(key, nonce, "secret", "purpose");
  EXPECT_EQ(*AeadOpen(key, nonce, sealed, "purpose"), "secret");
  EXPECT_EQ(AeadOpen(key, nonce, sealed, "other").error().reason, kSealBroken);
  EXPECT_FALSE(AeadOpen(key, nonce, sealed.substr(1), "purpose").ok());
  EXPECT_FALSE(AeadOpen(key, nonce, "", "purpose").ok());
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(AeadOpen(key, nonce, changed, "purpose").ok());
  }
}

// The digest that only the key service's MACs use: RFC 4231, test case 1.
TEST(Hmac, Sha224) {
  EXPECT_EQ(HexEncode(AsBytes(Hmac(Digest::kSha224, std::string(20, '\x0b'), "Hi There"))),
            "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22");
}

}  // namespace
}  // namespace aloft::crypto
