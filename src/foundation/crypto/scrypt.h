// A password stretched to a key (RFC 7914). Costs 128 * r * n bytes of memory and the time to fill it, on purpose.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace aloft::crypto {

struct ScryptCost {
  std::uint64_t n = 1u << 15;  // a power of two
  std::uint32_t r = 8;
  std::uint32_t p = 1;
};

// kInvalidArgument where the cost is none that RFC 7914 knows, or would take more than 256 MiB.
Result<std::string> Scrypt(std::string_view password, std::string_view salt, const ScryptCost& cost, std::size_t size);

}  // namespace aloft::crypto
