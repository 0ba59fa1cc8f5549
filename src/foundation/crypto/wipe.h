// Forgets a secret: zeroes memory in a way that the compiler keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace aloft::crypto {

void Wipe(void* bytes, std::size_t size);
inline void Wipe(std::span<std::uint8_t> bytes) {
  Wipe(bytes.data(), bytes.size());
}
// Also empties it. What earlier growth of the string left behind is not reached: reserve first, or draw at full size.
inline void Wipe(std::string& secret) {
  Wipe(secret.data(), secret.size());
  secret.clear();
}

// Wipes a string at the end of a scope: `const Wiped wipe(key);`.
class Wiped {
 public:
  explicit Wiped(std::string& secret) : secret_(secret) {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { Wipe(secret_); }

 private:
  std::string& secret_;
};

}  // namespace aloft::crypto
