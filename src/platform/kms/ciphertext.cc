#include "platform/kms/ciphertext.h"

#include "foundation/base/bytes.h"
#include "foundation/base/check.h"
#include "foundation/crypto/aead.h"
#include "foundation/crypto/hmac.h"
#include "foundation/crypto/wipe.h"
#include "platform/kms/errors.h"

namespace aloft::kms {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHeadBytes = 1 + kIdBytes + 4 + kSaltBytes;

void AppendNumber(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
}
void AppendText(std::string& out, std::string_view text) {
  AppendNumber(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

// 32 hexadecimal digits of a UUID and back.
std::string IdBytes(std::string_view id) {
  std::string digits;
  for (const char c : id)
    if (c != '-') digits.push_back(c);
  const auto bytes = HexDecode(digits);
  ALOFT_CHECK(bytes && bytes->size() == kIdBytes);
  return *bytes;
}
std::string IdText(std::string_view bytes) {
  std::string out = HexEncode(AsBytes(bytes));
  for (const std::size_t at : {8u, 13u, 18u, 23u}) out.insert(at, 1, '-');
  return out;
}

// Lengths stand before texts, so no two contexts look alike.
std::string Associated(std::string_view head, const EncryptionContext& context) {
  std::string out(head);
  AppendNumber(out, static_cast<std::uint32_t>(context.size()));
  for (const auto& [name, value] : context) {
    AppendText(out, name);
    AppendText(out, value);
  }
  return out;
}

std::string KeyAndNonce(std::string_view material, std::string_view head) {
  return crypto::DeriveKey(material, head.substr(kHeadBytes - kSaltBytes), "aloft kms 1",
                           crypto::kAeadKeySize + crypto::kAeadNonceSize);
}

Error Invalid() {
  return Fail(kInvalidCiphertext, "");
}

}  // namespace

Result<CiphertextHead> ReadHead(std::string_view blob) {
  if (blob.size() < kHeadBytes + crypto::kAeadTagSize || blob[0] != kVersion) return Invalid();
  CiphertextHead head;
  head.key_id = IdText(blob.substr(1, kIdBytes));
  for (std::size_t i = 0; i < 4; ++i)
    head.version = head.version << 8 | static_cast<std::uint8_t>(blob[1 + kIdBytes + i]);
  return head;
}

std::string SealCiphertext(std::string_view material, const CiphertextHead& head, std::string_view plaintext,
                           const EncryptionContext& context, Random& random) {
  std::string out(1, kVersion);
  out.append(IdBytes(head.key_id));
  AppendNumber(out, head.version);
  std::string salt(kSaltBytes, '\0');
  random.Fill({reinterpret_cast<std::uint8_t*>(salt.data()), salt.size()});
  out.append(salt);
  std::string derived = KeyAndNonce(material, out);
  const crypto::Wiped wiped(derived);
  const std::string_view view(derived);
  const std::string associated = Associated(out, context);
  return out.append(
      crypto::AeadSeal(view.substr(0, crypto::kAeadKeySize), view.substr(crypto::kAeadKeySize), plaintext, associated));
}

Result<std::string> OpenCiphertext(std::string_view material, std::string_view blob, const EncryptionContext& context) {
  ALOFT_TRY(ReadHead(blob));
  const std::string_view head = blob.substr(0, kHeadBytes);
  std::string derived = KeyAndNonce(material, head);
  const crypto::Wiped wiped(derived);
  const std::string_view view(derived);
  auto opened = crypto::AeadOpen(view.substr(0, crypto::kAeadKeySize), view.substr(crypto::kAeadKeySize),
                                 blob.substr(kHeadBytes), Associated(head, context));
  if (!opened.ok()) return Invalid();
  return opened;
}

}  // namespace aloft::kms
