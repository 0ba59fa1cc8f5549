#include "platform/keys/keyring.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <mutex>

#include "foundation/base/bytes.h"
#include "foundation/base/check.h"
#include "foundation/base/fault_point.h"
#include "foundation/crypto/aead.h"
#include "foundation/crypto/hmac.h"
#include "foundation/crypto/wipe.h"
#include "foundation/os/fd.h"
#include "foundation/os/file.h"
#include "foundation/os/must_not_block.h"
#include "platform/keys/root_file.h"

namespace aloft::keys {
namespace {

constexpr std::size_t kSaltSize = 16;
constexpr char kSealVersion = 1;
constexpr std::size_t kHeaderSize = 1 + kRootIdSize + kSaltSize;
constexpr std::size_t kMaxFileBytes = 1u << 20;

std::string Draw(Random& random, std::size_t size) {
  std::string out(size, '\0');
  random.Fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return out;
}

Status CheckPermissions(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return SystemError("stat " + path, errno);
  if ((info.st_mode & 077) != 0)
    return Fail(kRootKeyUnsafe,
                "the root key file " + path + " can be used by others than its owner; run: chmod 600 " + path);
  if (info.st_uid != ::geteuid() && info.st_uid != 0)
    return Fail(kRootKeyUnsafe, "the root key file " + path + " belongs to another user");
  return {};
}

// What tells that the file was replaced; empty where it is not there.
std::string VersionOf(const std::string& path) {
  struct stat info {};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return "";
  return std::to_string(info.st_ino) + "/" + std::to_string(info.st_mtim.tv_sec) + "." +
         std::to_string(info.st_mtim.tv_nsec) + "/" + std::to_string(info.st_size);
}

std::string Associated(std::string_view header, std::string_view context) {
  return std::string(header).append(context);
}

// One key and nonce per seal: random nonces under one key would run out after 2^32 seals.
struct SealMaterial {
  std::string bytes;
  SealMaterial(const Root& root, std::string_view salt)
      : bytes(crypto::DeriveKey(root.bytes, salt, "aloft seal 1", crypto::kAeadKeySize + crypto::kAeadNonceSize)) {}
  ~SealMaterial() { crypto::Wipe(bytes); }
  std::string_view key() const { return std::string_view(bytes).substr(0, crypto::kAeadKeySize); }
  std::string_view nonce() const { return std::string_view(bytes).substr(crypto::kAeadKeySize); }
};

const Root* FindRoot(const std::vector<Root>& roots, std::string_view id) {
  for (const Root& root : roots)
    if (root.id == id) return &root;
  return nullptr;
}

// Excludes other processes of this installation while the file is rewritten.
Result<os::Fd> LockBeside(const std::string& path) {
  os::Fd lock(::open((path + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!lock.valid()) return SystemError("open of " + path + ".lock", errno);
  while (::flock(lock.get(), LOCK_EX) != 0)
    if (errno != EINTR) return SystemError("flock", errno);
  return lock;
}

}  // namespace

struct Keyring::State {
  State(std::string file, Random& dice, std::unique_ptr<Wrapper> hidden)
      : path(std::move(file)), random(dice), wrapper(std::move(hidden)) {}

  std::shared_ptr<const std::vector<Root>> Roots() const { return roots.load(); }
  void Publish(std::vector<Root> fresh) { roots.store(std::make_shared<const std::vector<Root>>(std::move(fresh))); }

  // With `writing` held.
  Status Load() {
    const std::string found = VersionOf(path);
    ALOFT_TRY(CheckPermissions(path));
    ALOFT_ASSIGN(std::string text, os::ReadFile(path, kMaxFileBytes));
    const crypto::Wiped wiped(text);
    ALOFT_ASSIGN(RootFile file, DecodeRoots(path, text, wrapper.get()));
    scheme = std::move(file.scheme);
    version = found;
    Publish(std::move(file.roots));
    return {};
  }
  Status Store(const std::vector<Root>& fresh) {
    ALOFT_ASSIGN(std::string text, EncodeRoots(fresh, wrapper.get(), random));
    const crypto::Wiped wiped(text);
    if (auto error = FaultError("keys.store")) return *error;
    ALOFT_TRY(os::WriteFileDurably(path, text, 0600));
    ALOFT_FAULT_POINT("keys.stored");
    return {};
  }
  // Reads the file again if it is another one than was read last.
  void Refresh() {
    const std::lock_guard lock(writing);
    if (path.empty() || VersionOf(path) == version) return;
    static_cast<void>(Load());  // what cannot be read now leaves what was known
  }

  const std::string path;  // empty: in memory
  Random& random;
  const std::unique_ptr<Wrapper> wrapper;
  std::atomic<std::shared_ptr<const std::vector<Root>>> roots;
  std::mutex writing;  // of what follows, and of the file by this process
  std::string scheme, version;
};

Keyring::Keyring(std::unique_ptr<State> state) : state_(std::move(state)) {}
Keyring::~Keyring() = default;

Result<std::unique_ptr<Keyring>> Keyring::OpenFile(const std::string& path, Random& random,
                                                   std::unique_ptr<Wrapper> wrapper) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) ALOFT_TRY(os::MakeDirectories(path.substr(0, slash), 0700));
  auto state = std::make_unique<State>(path, random, std::move(wrapper));
  ALOFT_ASSIGN(const os::Fd lock, LockBeside(path));
  const std::lock_guard writing(state->writing);
  if (VersionOf(path).empty()) {
    if (::access(path.c_str(), F_OK) == 0 || errno != ENOENT) return SystemError("access to " + path, errno);
    ALOFT_TRY(state->Store({Root::Make(Draw(random, kRootSize))}));
  }
  ALOFT_TRY(state->Load());
  // A plain file that is to be hidden from now on.
  if (state->wrapper != nullptr && state->scheme.empty()) {
    ALOFT_TRY(state->Store(*state->Roots()));
    ALOFT_TRY(state->Load());
  }
  return std::unique_ptr<Keyring>(new Keyring(std::move(state)));
}

std::unique_ptr<Keyring> Keyring::Ephemeral(Random& random) {
  auto state = std::make_unique<State>("", random, nullptr);
  state->Publish({Root::Make(Draw(random, kRootSize))});
  return std::unique_ptr<Keyring>(new Keyring(std::move(state)));
}

std::string Keyring::Seal(std::string_view plaintext, std::string_view context) const {
  const auto roots = state_->Roots();
  const Root& root = roots->front();
  std::string out(1, kSealVersion);
  out.append(root.id).append(Draw(state_->random, kSaltSize));
  const SealMaterial material(root, std::string_view(out).substr(1 + kRootIdSize));
  return out.append(crypto::AeadSeal(material.key(), material.nonce(), plaintext, Associated(out, context)));
}

Result<std::string> Keyring::Open(std::string_view sealed, std::string_view context) const {
  if (sealed.size() < kHeaderSize || sealed[0] != kSealVersion)
    return Fail(kSealInvalid, "a sealed secret is damaged, or was sealed by a newer version");
  const std::string_view header = sealed.substr(0, kHeaderSize), id = header.substr(1, kRootIdSize);
  auto roots = state_->Roots();
  const Root* root = FindRoot(*roots, id);
  if (root == nullptr) {
    ALOFT_TRY(os::MayBlock());
    state_->Refresh();
    roots = state_->Roots();
    root = FindRoot(*roots, id);
  }
  if (root == nullptr)
    return Fail(kSealInvalid, "a sealed secret needs a root key that this installation does not have");
  const SealMaterial material(*root, header.substr(1 + kRootIdSize));
  auto plaintext =
      crypto::AeadOpen(material.key(), material.nonce(), sealed.substr(kHeaderSize), Associated(header, context));
  if (plaintext.ok()) return plaintext;
  return Fail(kSealInvalid, "a sealed secret was changed, or belongs to another purpose");
}

bool Keyring::IsCurrent(std::string_view sealed) const {
  return sealed.size() >= kHeaderSize && sealed[0] == kSealVersion &&
         sealed.substr(1, kRootIdSize) == state_->Roots()->front().id;
}

std::string Keyring::Derive(std::string_view purpose) const {
  // The last root is the oldest: what is derived stays the same when a newer one is added.
  return crypto::DeriveKey(state_->Roots()->back().bytes, "aloft derive 1", purpose, 32);
}

Status Keyring::Rotate() {
  std::vector<Root> fresh;
  if (state_->path.empty()) {
    fresh = *state_->Roots();
    fresh.insert(fresh.begin(), Root::Make(Draw(state_->random, kRootSize)));
    state_->Publish(std::move(fresh));
    return {};
  }
  ALOFT_ASSIGN(const os::Fd lock, LockBeside(state_->path));
  const std::lock_guard writing(state_->writing);
  ALOFT_TRY(state_->Load());  // another replica may have rotated
  fresh = *state_->Roots();
  fresh.insert(fresh.begin(), Root::Make(Draw(state_->random, kRootSize)));
  ALOFT_TRY(state_->Store(fresh));  // durable, then used: a seal that no file opens would be lost
  return state_->Load();
}

KeyringStatus Keyring::GetStatus() const {
  KeyringStatus out;
  state_->Refresh();
  const std::lock_guard lock(state_->writing);
  out.scheme = state_->scheme.empty() ? "file" : state_->scheme;
  for (const Root& root : *state_->Roots()) out.ids.push_back(HexEncode(AsBytes(root.id)));
  return out;
}

}  // namespace aloft::keys
