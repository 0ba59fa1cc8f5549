// Digests. One-shot and incremental; results are raw bytes in a string (HexEncode makes text of them).
//
//   Hash md5(Digest::kMd5);
//   md5.Update(chunk);
//   std::string etag = HexEncode(AsBytes(md5.Finish()));
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"

namespace aloft::crypto {

enum class Digest { kMd5, kSha1, kSha256, kSha384, kSha512, kSha224 };

std::size_t DigestSize(Digest digest);

// Incremental; movable. Not thread-safe.
class Hash {
 public:
  explicit Hash(Digest digest);
  Hash(Hash&&) noexcept;
  Hash& operator=(Hash&&) noexcept;
  ~Hash();

  void Update(ByteView bytes);
  void Update(std::string_view text) { Update(AsBytes(text)); }
  // The digest of what was fed; the object then starts anew.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Digested(Digest digest, std::string_view text);
std::string Md5(std::string_view text);
std::string Sha1(std::string_view text);
std::string Sha256(std::string_view text);
std::string Sha256Hex(std::string_view text);

// The digest of nothing, which signatures need often.
inline constexpr std::string_view kEmptySha256Hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

}  // namespace aloft::crypto
