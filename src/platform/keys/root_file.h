// The root key file's content: docs/formats/keys.md. Pure but for the wrapper it is given. Private to the room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "platform/keys/wrapper.h"

namespace aloft::keys {

inline constexpr std::size_t kRootSize = 32;
inline constexpr std::size_t kRootIdSize = 4;

struct Root {
  std::string id;     // kRootIdSize bytes, stands in each seal; derived, so that a damaged line is noticed
  std::string bytes;  // kRootSize bytes

  static Root Make(std::string bytes);
};

struct RootFile {
  std::vector<Root> roots;  // the newest first: it seals, all open
  std::string scheme;       // what hides them; empty: nothing
};

// The roots as they are, or hidden by `wrapper`.
Result<std::string> EncodeRoots(const std::vector<Root>& roots, Wrapper* wrapper, Random& random);
// `wrapper` may be null where the file is plain. `path` is for messages. kRootKeyInvalid, kRootKeyLocked, and what the
// wrapper answers.
Result<RootFile> DecodeRoots(const std::string& path, std::string_view text, Wrapper* wrapper);

}  // namespace aloft::keys
