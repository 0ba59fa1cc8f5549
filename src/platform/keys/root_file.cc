#include "platform/keys/root_file.h"

#include "foundation/base/bytes.h"
#include "foundation/crypto/aead.h"
#include "foundation/crypto/hmac.h"
#include "foundation/crypto/wipe.h"
#include "platform/keys/errors.h"

namespace aloft::keys {
namespace {

constexpr std::string_view kPlainLine = "aloft root key 1";
constexpr std::string_view kHiddenLine = "aloft root key 2";

Error Invalid(const std::string& path, const char* what) {
  return Fail(kRootKeyInvalid, "the root key file " + path + " " + what + "; restore it from your backup of the keys");
}

std::string EncodePlain(const std::vector<Root>& roots) {
  std::string out(kPlainLine);
  for (const Root& root : roots)
    out.append("\n").append(HexEncode(AsBytes(root.id))).append(" ").append(HexEncode(AsBytes(root.bytes)));
  return out.append("\n");
}

Result<std::vector<Root>> DecodePlain(const std::string& path, std::string_view text) {
  const std::vector<std::string_view> lines = Split(text, '\n');
  if (lines.front() != kPlainLine) return Invalid(path, "is not a root key of a version that this program knows");
  std::vector<Root> roots;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty() && i + 1 == lines.size()) break;
    const std::size_t space = lines[i].find(' ');
    if (space == std::string_view::npos) return Invalid(path, "has a damaged line");
    const auto id = HexDecode(lines[i].substr(0, space));
    auto bytes = HexDecode(lines[i].substr(space + 1));
    if (!id || !bytes || bytes->size() != kRootSize) return Invalid(path, "has a damaged line");
    Root root = Root::Make(std::move(*bytes));
    if (root.id != *id) return Invalid(path, "has a damaged line");
    roots.push_back(std::move(root));
  }
  if (roots.empty()) return Invalid(path, "holds no key");
  return roots;
}

// The first two lines, which are covered by the seal.
std::string Head(std::string_view scheme, std::string_view recipe) {
  return std::string(kHiddenLine) + "\n" + std::string(scheme) + " " + std::string(recipe) + "\n";
}

}  // namespace

Root Root::Make(std::string bytes) {
  std::string id = crypto::DeriveKey(bytes, "", "aloft root id", kRootIdSize);
  return Root{std::move(id), std::move(bytes)};
}

Result<std::string> EncodeRoots(const std::vector<Root>& roots, Wrapper* wrapper, Random& random) {
  std::string plain = EncodePlain(roots);
  if (wrapper == nullptr) return plain;
  const crypto::Wiped wiped(plain);
  ALOFT_ASSIGN(Wrapper::Made made, wrapper->Make(random));
  const crypto::Wiped wiped_key(made.key);
  std::string nonce(crypto::kAeadNonceSize, '\0');
  random.Fill({reinterpret_cast<std::uint8_t*>(nonce.data()), nonce.size()});
  const std::string head = Head(wrapper->scheme(), made.recipe);
  const std::string body = nonce + crypto::AeadSeal(made.key, nonce, plain, head);
  return head + HexEncode(AsBytes(body)) + "\n";
}

Result<RootFile> DecodeRoots(const std::string& path, std::string_view text, Wrapper* wrapper) {
  if (!text.starts_with(kHiddenLine)) {
    ALOFT_ASSIGN(auto roots, DecodePlain(path, text));
    return RootFile{std::move(roots), ""};
  }
  const std::vector<std::string_view> lines = Split(text, '\n');
  const std::size_t space = lines.size() > 1 ? lines[1].find(' ') : std::string_view::npos;
  if (lines.size() != 4 || lines[0] != kHiddenLine || space == std::string_view::npos || !lines[3].empty())
    return Invalid(path, "is damaged");
  const std::string_view scheme = lines[1].substr(0, space), recipe = lines[1].substr(space + 1);
  const auto body = HexDecode(lines[2]);
  if (!body || body->size() < crypto::kAeadNonceSize + crypto::kAeadTagSize) return Invalid(path, "is damaged");
  if (wrapper == nullptr || wrapper->scheme() != scheme)
    return Fail(kRootKeyLocked, "the root key file " + path + " opens with " + std::string(scheme) +
                                    "; set [keys] root = \"" + std::string(scheme) + "\"");
  ALOFT_ASSIGN(std::string key, wrapper->Open(recipe));
  const crypto::Wiped wiped_key(key);
  const std::string_view sealed(*body);
  auto plain = crypto::AeadOpen(key, sealed.substr(0, crypto::kAeadNonceSize), sealed.substr(crypto::kAeadNonceSize),
                                Head(scheme, recipe));
  if (!plain.ok())
    return Fail(kRootKeyLocked, "the root key file " + path + " does not open: another " + std::string(scheme) +
                                    " hid it, or it was changed");
  const crypto::Wiped wiped(*plain);
  ALOFT_ASSIGN(auto roots, DecodePlain(path, *plain));
  return RootFile{std::move(roots), std::string(scheme)};
}

}  // namespace aloft::keys
