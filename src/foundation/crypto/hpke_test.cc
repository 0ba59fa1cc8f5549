#include "foundation/crypto/hpke.h"

#include <gtest/gtest.h>

#include "foundation/base/bytes.h"

namespace aloft::crypto {
namespace {

// The arithmetic is the standard's: of its published vectors the one of mode 0, KEM 0x20, KDF 1, AEAD 2.
TEST(Hpke, AgreesWithTheStandardsVector) {
  std::string receiver = *HexDecode("497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d");
  std::string ephemeral = *HexDecode("179d4b53b6365c45b600c4163b61d95cbc2f4d9e36f1695558dce265ab8bab11");
  std::string info = *HexDecode("4f6465206f6e2061204772656369616e2055726e");
  std::string text = *HexDecode("4265617574792069732074727574682c20747275746820626561757479");
  std::string public_key = HpkePublicKey(receiver);
  EXPECT_EQ(HexEncode(AsBytes(public_key)), "430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c");
  auto sealed = HpkeSeal(public_key, ephemeral, info, "Count-0", text);
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(HexEncode(AsBytes(*sealed)),
            "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256"
            "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a");
  EXPECT_EQ(*HpkeOpen(receiver, info, "Count-0", *sealed), text);
}

// Whoever is not the one it was sealed to, or was told something else of it, gets nothing.
TEST(Hpke, OpensForNothingElse) {
  std::string receiver(32, 'r'), ephemeral(32, 'e');
  std::string sealed = *HpkeSeal(HpkePublicKey(receiver), ephemeral, "info", "whose", "text");
  EXPECT_EQ(*HpkeOpen(receiver, "info", "whose", sealed), "text");
  EXPECT_EQ(HpkeOpen(std::string(32, 'o'), "info", "whose", sealed).error().reason, kSealBroken);
  EXPECT_EQ(HpkeOpen(receiver, "other", "whose", sealed).error().reason, kSealBroken);
  EXPECT_EQ(HpkeOpen(receiver, "info", "another's", sealed).error().reason, kSealBroken);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string forged = sealed;
    forged[at] = static_cast<char>(forged[at] ^ 4);
    EXPECT_FALSE(HpkeOpen(receiver, "info", "whose", forged).ok()) << at;
    EXPECT_FALSE(HpkeOpen(receiver, "info", "whose", sealed.substr(0, at)).ok()) << at;
  }
}

// A public key of small order would make everybody's secret the same; one of another size is none.
TEST(Hpke, RefusesWhatIsNoKey) {
  std::string ephemeral(32, 'e');
  EXPECT_FALSE(HpkeSeal(std::string(32, '\0'), ephemeral, "", "", "text").ok());
  EXPECT_FALSE(HpkeSeal("short", ephemeral, "", "", "text").ok());
  EXPECT_FALSE(HpkeOpen(ephemeral, "", "", std::string(64, '\0')).ok());
}

}  // namespace
}  // namespace aloft::crypto
