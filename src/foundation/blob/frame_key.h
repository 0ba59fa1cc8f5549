// The key that hides one owner's bytes: a data key. Encrypts a blob as it is written (Store::Create and Open), and
// small bytes that stand in a record instead of a blob.
//
//   ALOFT_ASSIGN(auto writer, store.Create(size, key));
//   std::string sealed = SealInline(key, body, "objects/" + bucket + "/" + key_name, random);
//
// One key may serve many blobs and records: each gets a key of its own, derived from this one. Formats:
// docs/formats/blob.md, encoding 1 and "Sealed inline".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/error.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"

namespace aloft::blob {

inline constexpr Reason kFrameKeyMissing{ErrorKind::kInternal, "FrameKeyMissing"};  // the blob is encrypted
inline constexpr Reason kFrameKeyWrong{ErrorKind::kDenied, "FrameKeyWrong"};        // by another key

class FrameKey {
 public:
  static constexpr std::size_t kSize = 32;

  // Absent where `bytes` is not kSize long. The caller wipes its own copy.
  static std::optional<FrameKey> FromBytes(std::string_view bytes);
  static FrameKey Draw(Random& random);
  FrameKey(const FrameKey&) = default;
  FrameKey& operator=(const FrameKey&) = default;
  ~FrameKey();  // wipes

  std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  FrameKey() = default;
  std::array<std::uint8_t, kSize> bytes_{};
};

// How many bytes SealInline adds.
inline constexpr std::size_t kInlineOverhead = 1 + 16 + 16;

// `context` names the record: bytes sealed for one do not open in another.
std::string SealInline(const FrameKey& key, std::string_view plaintext, std::string_view context, Random& random);
// kFrameKeyWrong where key or context is another, or the bytes were changed; kCorrupt where they are no seal.
Result<std::string> OpenInline(const FrameKey& key, std::string_view sealed, std::string_view context);

}  // namespace aloft::blob
