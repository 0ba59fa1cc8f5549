#include "foundation/crypto/ed25519.h"

#include <gtest/gtest.h>

#include "foundation/base/bytes.h"

namespace aloft::crypto {
namespace {

// The arithmetic is the standard's: RFC 8032, section 7.1, test 2.
TEST(Ed25519, AgreesWithTheStandardsVector) {
  std::string seed = *HexDecode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  std::string message = *HexDecode("72");
  EXPECT_EQ(HexEncode(AsBytes(Ed25519PublicKey(seed))),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(HexEncode(AsBytes(Ed25519Sign(seed, message))),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

// A signature is worth something only if it fails for everything else.
TEST(Ed25519, RefusesAnotherMessageKeyOrSignature) {
  std::string seed(32, 'a'), other(32, 'b');
  std::string signature = Ed25519Sign(seed, "message");
  std::string key = Ed25519PublicKey(seed);
  EXPECT_TRUE(Ed25519Verify(key, "message", signature));
  EXPECT_FALSE(Ed25519Verify(key, "messagf", signature));
  EXPECT_FALSE(Ed25519Verify(Ed25519PublicKey(other), "message", signature));
  EXPECT_FALSE(Ed25519Verify(key, "message", signature.substr(1)));
  EXPECT_FALSE(Ed25519Verify(key.substr(1), "message", signature));
  signature[10] ^= 1;
  EXPECT_FALSE(Ed25519Verify(key, "message", signature));
}

}  // namespace
}  // namespace aloft::crypto
