// The key that hides the root key file stands in a PKCS#11 token: the token encrypts and decrypts, its key never
// leaves. Only the standard's C interface of the vendor's library is used.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <array>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/crypto/wipe.h"
#include "platform/keys/errors.h"
#include "platform/keys/wrapper.h"

namespace aloft::keys {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr CK_ULONG kTagBits = 128;
constexpr std::size_t kMostSlots = 64;

Error Locked(std::string what, CK_RV code) {
  return Fail(kRootKeyLocked, "the PKCS#11 token refused: " + what, "CKR " + std::to_string(code));
}

struct Unload {
  void operator()(void* library) const { ::dlclose(library); }
};

// A logged-in session with the token. The library is unloaded with it: between starts of the server nothing holds it.
class Session {
 public:
  static Result<std::unique_ptr<Session>> Open(const Pkcs11Options& options) {
    std::unique_ptr<Session> session(new Session());
    session->library_.reset(::dlopen(options.module.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (!session->library_)
      return Fail(kRootKeyLocked, "the PKCS#11 module " + options.module + " cannot be loaded", ::dlerror());
    auto list = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(session->library_.get(), "C_GetFunctionList"));
    if (list == nullptr || list(&session->f_) != CKR_OK)
      return Fail(kRootKeyLocked, options.module + " is no PKCS#11 module");
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    CK_RV code = session->f_->C_Initialize(&arguments);
    if (code != CKR_OK && code != CKR_CRYPTOKI_ALREADY_INITIALIZED) return Locked("it cannot be initialized", code);
    session->initialized_ = code == CKR_OK;
    ALOFT_TRY(session->LogIn(options));
    return session;
  }

  ~Session() {
    if (handle_ != 0) {
      f_->C_Logout(handle_);
      f_->C_CloseSession(handle_);
    }
    if (initialized_) f_->C_Finalize(nullptr);
  }

  // The AES key of this label; 0 where there is none.
  Result<CK_OBJECT_HANDLE> Find(const std::string& label) {
    CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
    std::array<CK_ATTRIBUTE, 2> wanted{CK_ATTRIBUTE{CKA_CLASS, &kind, sizeof kind},
                                       CK_ATTRIBUTE{CKA_LABEL, const_cast<char*>(label.data()), label.size()}};
    CK_RV code = f_->C_FindObjectsInit(handle_, wanted.data(), wanted.size());
    if (code != CKR_OK) return Locked("its objects cannot be listed", code);
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    code = f_->C_FindObjects(handle_, &found, 1, &count);
    f_->C_FindObjectsFinal(handle_);
    if (code != CKR_OK) return Locked("its objects cannot be listed", code);
    return count == 1 ? found : CK_OBJECT_HANDLE{0};
  }

  // A new key that stays in the token and that nobody can read out of it.
  Result<CK_OBJECT_HANDLE> Generate(const std::string& label) {
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG size = kKeyBytes;
    std::array<CK_ATTRIBUTE, 8> wanted{CK_ATTRIBUTE{CKA_TOKEN, &yes, sizeof yes},
                                       CK_ATTRIBUTE{CKA_PRIVATE, &yes, sizeof yes},
                                       CK_ATTRIBUTE{CKA_SENSITIVE, &yes, sizeof yes},
                                       CK_ATTRIBUTE{CKA_EXTRACTABLE, &no, sizeof no},
                                       CK_ATTRIBUTE{CKA_ENCRYPT, &yes, sizeof yes},
                                       CK_ATTRIBUTE{CKA_DECRYPT, &yes, sizeof yes},
                                       CK_ATTRIBUTE{CKA_VALUE_LEN, &size, sizeof size},
                                       CK_ATTRIBUTE{CKA_LABEL, const_cast<char*>(label.data()), label.size()}};
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    CK_OBJECT_HANDLE made = 0;
    const CK_RV code = f_->C_GenerateKey(handle_, &mechanism, wanted.data(), wanted.size(), &made);
    if (code != CKR_OK) return Locked("it cannot make an AES key", code);
    return made;
  }

  // AES-GCM inside the token; the tag stands at the end of the ciphertext.
  Result<std::string> Crypt(bool encrypt, CK_OBJECT_HANDLE key, std::string nonce, std::string_view in) {
    CK_GCM_PARAMS parameters{};
    parameters.pIv = reinterpret_cast<CK_BYTE*>(nonce.data());
    parameters.ulIvLen = nonce.size();
    parameters.ulIvBits = nonce.size() * 8;
    parameters.ulTagBits = kTagBits;
    CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
    CK_RV code = encrypt ? f_->C_EncryptInit(handle_, &mechanism, key) : f_->C_DecryptInit(handle_, &mechanism, key);
    if (code != CKR_OK) return Locked("its key cannot be used", code);
    std::string out(in.size() + 64, '\0');
    CK_ULONG size = out.size();
    auto* source = reinterpret_cast<CK_BYTE*>(const_cast<char*>(in.data()));
    auto* target = reinterpret_cast<CK_BYTE*>(out.data());
    code = encrypt ? f_->C_Encrypt(handle_, source, in.size(), target, &size)
                   : f_->C_Decrypt(handle_, source, in.size(), target, &size);
    if (code != CKR_OK) return Locked("it does not open what hides the root key: another token or key made it", code);
    out.resize(size);
    return out;
  }

 private:
  Session() = default;

  Status LogIn(const Pkcs11Options& options) {
    ALOFT_ASSIGN(const CK_SLOT_ID slot, SlotOf(options.token));
    CK_RV code = f_->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle_);
    if (code != CKR_OK) return Locked("no session", code);
    std::string pin = options.pin;
    const crypto::Wiped wiped(pin);
    code = f_->C_Login(handle_, CKU_USER, reinterpret_cast<CK_UTF8CHAR*>(pin.data()), pin.size());
    if (code == CKR_OK || code == CKR_USER_ALREADY_LOGGED_IN) return {};
    return Locked("the PIN is not accepted", code);
  }

  Result<CK_SLOT_ID> SlotOf(const std::string& label) {
    std::vector<CK_SLOT_ID> slots(kMostSlots);
    CK_ULONG count = slots.size();
    const CK_RV code = f_->C_GetSlotList(CK_TRUE, slots.data(), &count);
    if (code != CKR_OK) return Locked("its slots cannot be listed", code);
    for (CK_ULONG i = 0; i < count; ++i) {
      CK_TOKEN_INFO info{};
      if (f_->C_GetTokenInfo(slots[i], &info) != CKR_OK) continue;
      std::string_view name(reinterpret_cast<const char*>(info.label), sizeof info.label);
      while (name.ends_with(' ')) name.remove_suffix(1);
      if (name == label) return slots[i];
    }
    return Fail(kRootKeyLocked, "there is no PKCS#11 token with the label " + label);
  }

  std::unique_ptr<void, Unload> library_;
  CK_FUNCTION_LIST* f_ = nullptr;
  CK_SESSION_HANDLE handle_ = 0;
  bool initialized_ = false;
};

class Pkcs11Wrapper final : public Wrapper {
 public:
  explicit Pkcs11Wrapper(Pkcs11Options options) : options_(std::move(options)) {}
  ~Pkcs11Wrapper() override { crypto::Wipe(options_.pin); }

  std::string_view scheme() const override { return "pkcs11"; }

  Result<Made> Make(Random& random) override {
    ALOFT_ASSIGN(const auto session, Session::Open(options_));
    ALOFT_ASSIGN(CK_OBJECT_HANDLE key, session->Find(options_.key_label));
    if (key == 0) {
      ALOFT_ASSIGN(key, session->Generate(options_.key_label));
    }
    std::string nonce(kNonceBytes, '\0'), secret(kKeyBytes, '\0');
    random.Fill({reinterpret_cast<std::uint8_t*>(nonce.data()), nonce.size()});
    random.Fill({reinterpret_cast<std::uint8_t*>(secret.data()), secret.size()});
    ALOFT_ASSIGN(const std::string hidden, session->Crypt(true, key, nonce, secret));
    return Made{std::move(secret), "aes-gcm:" + HexEncode(AsBytes(nonce + hidden))};
  }

  Result<std::string> Open(std::string_view recipe) override {
    constexpr std::string_view kPrefix = "aes-gcm:";
    const auto bytes = recipe.starts_with(kPrefix) ? HexDecode(recipe.substr(kPrefix.size())) : std::nullopt;
    if (!bytes || bytes->size() <= kNonceBytes)
      return Fail(kRootKeyInvalid, "the root key file says of its token what this version does not know");
    ALOFT_ASSIGN(const auto session, Session::Open(options_));
    ALOFT_ASSIGN(const CK_OBJECT_HANDLE key, session->Find(options_.key_label));
    if (key == 0) return Fail(kRootKeyLocked, "the PKCS#11 token holds no key " + options_.key_label);
    ALOFT_ASSIGN(std::string secret, session->Crypt(false, key, bytes->substr(0, kNonceBytes),
                                                    std::string_view(*bytes).substr(kNonceBytes)));
    if (secret.size() != kKeyBytes) return Fail(kRootKeyLocked, "the PKCS#11 token opened something that is no key");
    return secret;
  }

 private:
  Pkcs11Options options_;
};

}  // namespace

Result<std::unique_ptr<Wrapper>> MakePkcs11Wrapper(Pkcs11Options options) {
  if (options.module.empty() || options.token.empty() || options.key_label.empty())
    return Fail(kInvalidArgument, "a PKCS#11 root key needs pkcs11_module, pkcs11_token and a key label");
  return std::unique_ptr<Wrapper>(std::make_unique<Pkcs11Wrapper>(std::move(options)));
}

}  // namespace aloft::keys
