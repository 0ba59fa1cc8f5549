#include "foundation/crypto/hash.h"

#include <openssl/evp.h>

#include <array>

#include "foundation/base/check.h"
#include "foundation/crypto/evp.h"
#include "foundation/crypto/sha256.h"

namespace aloft::crypto {
namespace {

// Fetching walks the provider tables under a lock; once per algorithm is enough for the life of the process.
const EVP_MD* Fetch(const char* name) {
  const EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
  ALOFT_CHECK(digest != nullptr);
  return digest;
}

}  // namespace

const EVP_MD* internal::Fetched(Digest digest) {
  static const std::array<const EVP_MD*, internal::kDigests> digests = {
      Fetch("MD5"), Fetch("SHA1"), Fetch("SHA256"), Fetch("SHA384"), Fetch("SHA512"), Fetch("SHA224")};
  return digests[static_cast<std::size_t>(digest)];
}

std::size_t DigestSize(Digest digest) {
  return static_cast<std::size_t>(EVP_MD_get_size(internal::Fetched(digest)));
}

struct Hash::State {
  explicit State(Digest which) : digest(internal::Fetched(which)), context(EVP_MD_CTX_new()) {}
  State(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
  const EVP_MD* digest;
  EVP_MD_CTX* context;
};

Hash::Hash(Digest digest) : state_(std::make_unique<State>(digest)) {
  ALOFT_CHECK(state_->context != nullptr);
  ALOFT_CHECK(EVP_DigestInit_ex2(state_->context, state_->digest, nullptr) == 1);
}
Hash::Hash(Hash&&) noexcept = default;
Hash& Hash::operator=(Hash&&) noexcept = default;
Hash::~Hash() = default;

void Hash::Update(ByteView bytes) {
  ALOFT_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Hash::Finish() {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(state_->digest)), '\0');
  ALOFT_CHECK(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(out.data()), nullptr) == 1);
  ALOFT_CHECK(EVP_DigestInit_ex2(state_->context, state_->digest, nullptr) == 1);
  return out;
}

std::string Digested(Digest digest, std::string_view text) {
  std::string out(DigestSize(digest), '\0');
  ALOFT_CHECK(EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr,
                         internal::Fetched(digest), nullptr) == 1);
  return out;
}

std::string Md5(std::string_view text) {
  return Digested(Digest::kMd5, text);
}
std::string Sha1(std::string_view text) {
  return Digested(Digest::kSha1, text);
}
std::string Sha256(std::string_view text) {
  std::array<std::uint8_t, internal::kSha256Size> out;
  internal::Sha256Into(text, out);
  return std::string(AsText(out));
}
std::string Sha256Hex(std::string_view text) {
  return HexEncode(AsBytes(Sha256(text)));
}

}  // namespace aloft::crypto
