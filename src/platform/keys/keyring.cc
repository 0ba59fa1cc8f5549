#include "platform/keys/keyring.h"

#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/check.h"
#include "foundation/crypto/aead.h"
#include "foundation/crypto/hmac.h"
#include "foundation/os/file.h"

namespace aloft::keys {
namespace {

constexpr std::string_view kFirstLine = "aloft root key 1";
constexpr std::size_t kRootSize = 32;
constexpr std::size_t kIdSize = 4;
constexpr std::size_t kSaltSize = 16;
constexpr char kSealVersion = 1;
constexpr std::size_t kHeaderSize = 1 + kIdSize + kSaltSize;

struct Root {
  std::string id;     // kIdSize bytes, stands in each seal
  std::string bytes;  // kRootSize bytes
};

std::string Draw(Random& random, std::size_t size) {
  std::string out(size, '\0');
  random.Fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return out;
}

// The id is derived, so that a damaged line is noticed before a seal is.
Root MakeRoot(std::string bytes) {
  std::string id = crypto::DeriveKey(bytes, "", "aloft root id", kIdSize);
  return Root{std::move(id), std::move(bytes)};
}

std::string Encode(const std::vector<Root>& roots) {
  std::string out(kFirstLine);
  for (const Root& root : roots)
    out.append("\n").append(HexEncode(AsBytes(root.id))).append(" ").append(HexEncode(AsBytes(root.bytes)));
  return out.append("\n");
}

Result<std::vector<Root>> Decode(const std::string& path, std::string_view text) {
  const auto invalid = [&](const char* what) {
    return Fail(kRootKeyInvalid,
                "the root key file " + path + " " + what + "; restore it from your backup of the keys");
  };
  const std::vector<std::string_view> lines = Split(text, '\n');
  if (lines.front() != kFirstLine) return invalid("is not a root key of a version that this program knows");
  std::vector<Root> roots;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty() && i + 1 == lines.size()) break;
    const std::size_t space = lines[i].find(' ');
    if (space == std::string_view::npos) return invalid("has a damaged line");
    const auto id = HexDecode(lines[i].substr(0, space)), bytes = HexDecode(lines[i].substr(space + 1));
    if (!id || !bytes || bytes->size() != kRootSize) return invalid("has a damaged line");
    Root root = MakeRoot(*bytes);
    if (root.id != *id) return invalid("has a damaged line");
    roots.push_back(std::move(root));
  }
  if (roots.empty()) return invalid("holds no key");
  return roots;
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

std::string Associated(std::string_view header, std::string_view context) {
  return std::string(header).append(context);
}

// One key and nonce per seal: random nonces under one key would run out after 2^32 seals.
std::pair<std::string, std::string> SealKey(const Root& root, std::string_view salt) {
  const std::string material =
      crypto::DeriveKey(root.bytes, salt, "aloft seal 1", crypto::kAeadKeySize + crypto::kAeadNonceSize);
  return {material.substr(0, crypto::kAeadKeySize), material.substr(crypto::kAeadKeySize)};
}

}  // namespace

struct Keyring::State {
  std::vector<Root> roots;  // the first one seals, all open
  Random& random;
};

Keyring::Keyring(std::unique_ptr<State> state) : state_(std::move(state)) {}
Keyring::~Keyring() = default;

Result<std::unique_ptr<Keyring>> Keyring::OpenFile(const std::string& path, Random& random) {
  Result<std::string> text = os::ReadFile(path, 1u << 20);
  if (!text.ok() && text.error().reason == os::kNoSuchFile) {
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos && slash > 0) ALOFT_TRY(os::MakeDirectories(path.substr(0, slash), 0700));
    ALOFT_TRY(os::WriteFileDurably(path, Encode({MakeRoot(Draw(random, kRootSize))}), 0600));
    text = os::ReadFile(path, 1u << 20);
  }
  if (!text.ok()) return std::move(text).error();
  ALOFT_TRY(CheckPermissions(path));
  ALOFT_ASSIGN(std::vector<Root> roots, Decode(path, *text));
  return std::unique_ptr<Keyring>(new Keyring(std::make_unique<State>(State{std::move(roots), random})));
}

std::unique_ptr<Keyring> Keyring::Ephemeral(Random& random) {
  return std::unique_ptr<Keyring>(
      new Keyring(std::make_unique<State>(State{{MakeRoot(Draw(random, kRootSize))}, random})));
}

std::string Keyring::Seal(std::string_view plaintext, std::string_view context) const {
  const Root& root = state_->roots.front();
  std::string out(1, kSealVersion);
  out.append(root.id).append(Draw(state_->random, kSaltSize));
  const auto [key, nonce] = SealKey(root, std::string_view(out).substr(1 + kIdSize));
  return out.append(crypto::AeadSeal(key, nonce, plaintext, Associated(out, context)));
}

Result<std::string> Keyring::Open(std::string_view sealed, std::string_view context) const {
  if (sealed.size() < kHeaderSize || sealed[0] != kSealVersion)
    return Fail(kSealInvalid, "a sealed secret is damaged, or was sealed by a newer version");
  const std::string_view header = sealed.substr(0, kHeaderSize), id = header.substr(1, kIdSize);
  for (const Root& root : state_->roots) {
    if (root.id != id) continue;
    const auto [key, nonce] = SealKey(root, header.substr(1 + kIdSize));
    auto plaintext = crypto::AeadOpen(key, nonce, sealed.substr(kHeaderSize), Associated(header, context));
    if (plaintext.ok()) return plaintext;
    return Fail(kSealInvalid, "a sealed secret was changed, or belongs to another purpose");
  }
  return Fail(kSealInvalid, "a sealed secret needs a root key that this installation does not have");
}

std::string Keyring::Derive(std::string_view purpose) const {
  // The last root is the oldest: what is derived stays the same when a newer one is added.
  return crypto::DeriveKey(state_->roots.back().bytes, "aloft derive 1", purpose, 32);
}

}  // namespace aloft::keys
