#include "platform/keys/keyring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "foundation/base/bytes.h"

namespace aloft::keys {
namespace {

namespace fs = std::filesystem;

class KeyringTest : public testing::Test {
 protected:
  KeyringTest() {
    char name[] = "/tmp/aloft-keys-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ / "keys" / "root.key";
  }
  ~KeyringTest() override { fs::remove_all(directory_); }

  std::string Contents() {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Replace(const std::string& text) { std::ofstream(path_, std::ios::trunc) << text; }

  fs::path directory_, path_;
  SeededRandom random_{1};
};

// The first start makes the key, the second opens what the first sealed; nobody else may read the file.
TEST_F(KeyringTest, KeepsItsSecretsOverRestarts) {
  auto first = Keyring::OpenFile(path_, random_);
  ASSERT_TRUE(first.ok()) << Describe(first.error());
  const std::string sealed = (*first)->Seal("secret", "purpose");
  const std::string derived = (*first)->Derive("tokens");
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  auto second = Keyring::OpenFile(path_, random_);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*second)->Open(sealed, "purpose").value(), "secret");
  EXPECT_EQ((*second)->Derive("tokens"), derived);
  EXPECT_NE((*second)->Derive("other"), derived);
}

// A copied or leaked key file is the worst loss there is: the server does not start on one that others can read.
TEST_F(KeyringTest, RefusesAFileThatOthersCanRead) {
  ASSERT_TRUE(Keyring::OpenFile(path_, random_).ok());
  for (const mode_t mode : {0640, 0604, 0660, 0610}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_EQ(Keyring::OpenFile(path_, random_).error().reason, kRootKeyUnsafe) << std::oct << mode;
  }
  ASSERT_EQ(chmod(path_.c_str(), 0400), 0);
  EXPECT_TRUE(Keyring::OpenFile(path_, random_).ok());
}

// A damaged file is reported, never replaced: a new key would make every sealed secret unreadable.
TEST_F(KeyringTest, RefusesADamagedFileAndLeavesItAlone) {
  ASSERT_TRUE(Keyring::OpenFile(path_, random_).ok());
  const std::string good = Contents();
  std::string flipped = good;
  flipped[good.size() - 2] = flipped[good.size() - 2] == '0' ? '1' : '0';
  for (const std::string& text :
       {std::string(), std::string("hello\n"), good.substr(0, good.size() - 10), flipped,
        std::string("aloft root key 1\n"), std::string("aloft root key 2\n") + good.substr(17)}) {
    Replace(text);
    EXPECT_EQ(Keyring::OpenFile(path_, random_).error().reason, kRootKeyInvalid) << text;
    EXPECT_EQ(Contents(), text);
  }
}

// After a rotation the file holds the new key first: old seals open, new ones use the new key.
TEST_F(KeyringTest, OpensWhatAnOlderKeySealed) {
  const std::string sealed = Keyring::OpenFile(path_, random_).value()->Seal("old", "p");
  const std::string derived = Keyring::OpenFile(path_, random_).value()->Derive("p");
  const std::string old_line = Contents().substr(17);
  fs::remove(path_);
  ASSERT_TRUE(Keyring::OpenFile(path_, random_).ok());
  const auto fresh = Keyring::OpenFile(path_, random_);
  EXPECT_EQ((*fresh)->Open(sealed, "p").error().reason, kSealInvalid);
  Replace(Contents() + old_line);
  const auto both = Keyring::OpenFile(path_, random_);
  ASSERT_TRUE(both.ok());
  EXPECT_EQ((*both)->Open(sealed, "p").value(), "old");
  EXPECT_EQ((*both)->Derive("p"), derived);
  EXPECT_TRUE((*fresh)->Open((*both)->Seal("new", "p"), "p").ok());
}

// A seal moved to another record, changed in any bit or cut anywhere does not open.
TEST_F(KeyringTest, ASealOpensOnlyUnchangedAndForItsPurpose) {
  const auto keyring = Keyring::Ephemeral(random_);
  const std::string sealed = keyring->Seal("secret", "user/a");
  EXPECT_EQ(sealed.size(), 6u + 37u);
  EXPECT_FALSE(keyring->Open(sealed, "user/b").ok());
  EXPECT_FALSE(Keyring::Ephemeral(random_)->Open(sealed, "user/a").ok());
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(keyring->Open(std::string_view(sealed).substr(0, size), "user/a").ok());
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(keyring->Open(changed, "user/a").error().reason, kSealInvalid);
  }
}

// Equal secrets must not look equal at rest, and the plaintext is not in the seal.
TEST_F(KeyringTest, NoTwoSealsAreAlike) {
  const auto keyring = Keyring::Ephemeral(random_);
  std::set<std::string> seals;
  for (int i = 0; i < 100; ++i) seals.insert(keyring->Seal("the same secret", "p"));
  EXPECT_EQ(seals.size(), 100u);
  for (const std::string& sealed : seals) EXPECT_EQ(sealed.find("same"), std::string::npos);
}

}  // namespace
}  // namespace aloft::keys
