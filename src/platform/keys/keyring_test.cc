#include "platform/keys/keyring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "foundation/base/bytes.h"
#include "foundation/base/fault_point.h"
#include "foundation/codec/base64.h"

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

// With a passphrase the file alone is not enough: it shows no key, and opens with the same passphrase only. A plain
// file of an older installation is hidden at the first start that asks for it, and opens what it sealed before.
TEST_F(KeyringTest, APassphraseHidesTheFile) {
  const auto plain = Keyring::OpenFile(path_, random_).value();
  const std::string sealed = plain->Seal("secret", "p"), before = Contents();
  const std::string key_line = before.substr(before.find(' ', 17) + 1, 64);
  const auto with = [&](const char* passphrase) {
    return Keyring::OpenFile(path_, random_, MakePassphraseWrapper(passphrase).value());
  };
  auto hidden = with("correct horse battery");
  ASSERT_TRUE(hidden.ok()) << Describe(hidden.error());
  EXPECT_EQ(Contents().find(key_line), std::string::npos);
  EXPECT_EQ((*hidden)->Open(sealed, "p").value(), "secret");
  EXPECT_EQ((*hidden)->GetStatus().scheme, "passphrase");
  const std::string kept = Contents();
  EXPECT_EQ(with("another passphrase").error().reason, kRootKeyLocked);
  EXPECT_EQ(Keyring::OpenFile(path_, random_).error().reason, kRootKeyLocked);
  EXPECT_EQ(Contents(), kept) << "a refused start changes nothing";
  EXPECT_EQ(with("correct horse battery").value()->Open(sealed, "p").value(), "secret");
  std::string changed = kept;
  changed[changed.size() - 5] = changed[changed.size() - 5] == '0' ? '1' : '0';
  Replace(changed);
  EXPECT_EQ(with("correct horse battery").error().reason, kRootKeyLocked);
  EXPECT_FALSE(MakePassphraseWrapper("short").ok());
}

// A rotation while others run: a new key seals, every old seal opens, what is derived stays; another process finds the
// new key when it first meets it.
TEST_F(KeyringTest, RotatesOnline) {
  const auto one = Keyring::OpenFile(path_, random_).value(), two = Keyring::OpenFile(path_, random_).value();
  const std::string old = one->Seal("old", "p"), derived = one->Derive("d");
  ASSERT_TRUE(one->Rotate().ok());
  EXPECT_FALSE(one->IsCurrent(old));
  const std::string fresh = one->Seal("new", "p");
  EXPECT_TRUE(one->IsCurrent(fresh));
  EXPECT_EQ(two->Open(fresh, "p").value(), "new");
  EXPECT_EQ(one->Open(old, "p").value() + two->Open(old, "p").value(), "oldold");
  EXPECT_EQ(one->Derive("d"), derived);
  ASSERT_TRUE(two->Rotate().ok());
  EXPECT_EQ(two->GetStatus().ids.size(), 3u);
  EXPECT_EQ(Keyring::OpenFile(path_, random_).value()->Open(fresh, "p").value(), "new");
}

// The death of the process at any moment of a rotation, or a failing disk, leaves a file that opens everything.
TEST_F(KeyringTest, KillDuringRotationLosesNothing) {
  const std::string sealed = Keyring::OpenFile(path_, random_).value()->Seal("secret", "p");
  for (const char* point : {"keys.store=kill@1", "os.write_durably.before_rename=kill@1", "keys.stored=kill@1"}) {
    const pid_t child = fork();
    if (child == 0) {
      SystemRandom random;
      auto keyring = Keyring::OpenFile(path_, random);
      ArmFaultPoints(point);
      static_cast<void>((*keyring)->Rotate());
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    auto after = Keyring::OpenFile(path_, random_);
    ASSERT_TRUE(after.ok()) << point << " " << Describe(after.error());
    EXPECT_EQ((*after)->Open(sealed, "p").value(), "secret") << point;
    EXPECT_EQ((*after)->Open((*after)->Seal("x", "p"), "p").value(), "x");
  }
  ASSERT_TRUE(ArmFaultPoints("keys.store=error@1"));
  auto keyring = Keyring::OpenFile(path_, random_).value();
  const std::string before = Contents();
  EXPECT_FALSE(keyring->Rotate().ok());
  EXPECT_EQ(Contents(), before);
  EXPECT_TRUE(keyring->Rotate().ok()) << "and it recovers";
}

// A key service that somebody else runs: the key is drawn and opened there, under a context of ours.
TEST_F(KeyringTest, AnotherKeyServiceHidesTheFile) {
  bool away = false;
  std::string asked;
  const auto open = [&] {
    return Keyring::OpenFile(
        path_, random_,
        MakeKmsWrapper("alias/root", [&](std::string_view operation, std::string_view body) -> Result<std::string> {
          if (away) return Fail(kUnavailable, "nobody answers");
          asked = std::string(operation) + std::string(body);
          const std::string key(32, 'k');
          return R"({"Plaintext":")" + codec::Base64Encode(key) + R"(","CiphertextBlob":"c2VhbGVk"})";
        }));
  };
  const std::string sealed = open().value()->Seal("secret", "p");
  EXPECT_EQ(open().value()->Open(sealed, "p").value(), "secret");
  EXPECT_NE(asked.find(R"("CiphertextBlob":"c2VhbGVk")"), std::string::npos) << asked;
  EXPECT_NE(asked.find(R"({"aloft":"root key"})"), std::string::npos);
  away = true;
  EXPECT_EQ(open().error().reason, kUnavailable);
}

// A hardware token, here SoftHSM: the file opens with this token, its PIN and its key, and with nothing else.
TEST_F(KeyringTest, ATokenHidesTheFile) {
  const char* module = "/usr/lib/softhsm/libsofthsm2.so";
  if (!fs::exists(module)) GTEST_SKIP() << "softhsm2 is not installed";
  fs::create_directories(directory_ / "tokens");
  std::ofstream(directory_ / "softhsm.conf") << "directories.tokendir = " << (directory_ / "tokens").string()
                                             << "\nobjectstore.backend = file\nlog.level = ERROR\n";
  setenv("SOFTHSM2_CONF", (directory_ / "softhsm.conf").c_str(), 1);
  ASSERT_EQ(std::system("softhsm2-util --init-token --free --label aloft --so-pin 12345678 --pin 87654321 >/dev/null"),
            0);
  const auto open = [&](const std::string& token, const std::string& pin, const std::string& label = "aloft-root") {
    return Keyring::OpenFile(path_, random_, MakePkcs11Wrapper({module, token, pin, label}).value());
  };
  auto first = open("aloft", "87654321");
  ASSERT_TRUE(first.ok()) << Describe(first.error());
  const std::string sealed = (*first)->Seal("secret", "p");
  EXPECT_EQ(open("aloft", "87654321").value()->Open(sealed, "p").value(), "secret");
  EXPECT_EQ(open("aloft", "00000000").error().reason, kRootKeyLocked);
  EXPECT_EQ(open("none", "87654321").error().reason, kRootKeyLocked);
  EXPECT_EQ(open("aloft", "87654321", "other").error().reason, kRootKeyLocked);
  ASSERT_TRUE((*first)->Rotate().ok());
  EXPECT_EQ(open("aloft", "87654321").value()->Open(sealed, "p").value(), "secret");
}

}  // namespace
}  // namespace aloft::keys
