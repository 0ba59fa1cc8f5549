#include "foundation/base/bytes.h"
#include "foundation/crypto/scrypt.h"
#include "foundation/crypto/wipe.h"
#include "platform/keys/errors.h"
#include "platform/keys/wrapper.h"

namespace aloft::keys {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kShortest = 12;
constexpr crypto::ScryptCost kCost{1u << 16, 8, 1};  // 64 MiB, about 0.2 s
constexpr std::string_view kRecipe = "scrypt-65536-8-1:";

class PassphraseWrapper final : public Wrapper {
 public:
  explicit PassphraseWrapper(std::string passphrase) : passphrase_(std::move(passphrase)) {}
  ~PassphraseWrapper() override { crypto::Wipe(passphrase_); }

  std::string_view scheme() const override { return "passphrase"; }

  Result<Made> Make(Random& random) override {
    std::string salt(kSaltBytes, '\0');
    random.Fill({reinterpret_cast<std::uint8_t*>(salt.data()), salt.size()});
    ALOFT_ASSIGN(std::string key, crypto::Scrypt(passphrase_, salt, kCost, 32));
    return Made{std::move(key), std::string(kRecipe) + HexEncode(AsBytes(salt))};
  }

  Result<std::string> Open(std::string_view recipe) override {
    const auto salt = recipe.starts_with(kRecipe) ? HexDecode(recipe.substr(kRecipe.size())) : std::nullopt;
    if (!salt) return Fail(kRootKeyInvalid, "the root key file says of its passphrase what this version does not know");
    return crypto::Scrypt(passphrase_, *salt, kCost, 32);
  }

 private:
  std::string passphrase_;
};

}  // namespace

Result<std::unique_ptr<Wrapper>> MakePassphraseWrapper(std::string passphrase) {
  if (passphrase.size() < kShortest)
    return Fail(kInvalidArgument, "the passphrase of the root key needs at least 12 characters");
  return std::unique_ptr<Wrapper>(std::make_unique<PassphraseWrapper>(std::move(passphrase)));
}

}  // namespace aloft::keys
