#include "foundation/base/random.h"

#include <pthread.h>
#include <sys/random.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "foundation/base/check.h"

namespace aloft {
namespace {

void Draw(std::span<std::uint8_t> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    ssize_t got = getrandom(out.data() + filled, out.size() - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    ALOFT_CHECK(got > 0);
    filled += static_cast<std::size_t>(got);
  }
}

// How often this process was copied: a child must not hand out the bytes that its parent holds too.
std::atomic<unsigned> g_forks{0};

// A thread's bytes drawn ahead: for the few that an id or a key needs, the system call costs more than they do. What
// was handed out is forgotten here.
class Reserve {
 public:
  static constexpr std::size_t kLargest = 64;

  ~Reserve() { explicit_bzero(bytes_.data(), bytes_.size()); }
  void Fill(std::span<std::uint8_t> out) {
    static const int watched = pthread_atfork(nullptr, nullptr, [] { g_forks.fetch_add(1); });
    ALOFT_CHECK(watched == 0);
    const unsigned forks = g_forks.load(std::memory_order_relaxed);
    if (left_ < out.size() || forks != forks_) {
      Draw(bytes_);
      left_ = bytes_.size();
      forks_ = forks;
    }
    left_ -= out.size();
    std::memcpy(out.data(), bytes_.data() + left_, out.size());
    explicit_bzero(bytes_.data() + left_, out.size());
  }

 private:
  std::array<std::uint8_t, 512> bytes_{};
  std::size_t left_ = 0;
  unsigned forks_ = 0;
};

}  // namespace

std::uint64_t Random::Next() {
  std::array<std::uint8_t, 8> bytes;
  Fill(bytes);
  std::uint64_t value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::string Random::Uuid() {
  std::array<std::uint8_t, 16> bytes;
  Fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 0x0f];
  }
  return text;
}

std::string Random::Text(std::size_t length, std::string_view alphabet) {
  ALOFT_CHECK(!alphabet.empty() && alphabet.size() <= 256);
  // Bytes at or above the largest multiple of the alphabet's size are drawn again, so that each character is as likely.
  const std::size_t limit = 256 - 256 % alphabet.size();
  std::string text;
  text.reserve(length);
  std::array<std::uint8_t, 64> bytes;
  while (text.size() < length) {
    Fill(bytes);
    for (std::uint8_t byte : bytes) {
      if (byte < limit && text.size() < length) text += alphabet[byte % alphabet.size()];
    }
  }
  return text;
}

void SystemRandom::Fill(std::span<std::uint8_t> out) {
  thread_local Reserve reserve;
  out.size() > Reserve::kLargest ? Draw(out) : reserve.Fill(out);
}

void SeededRandom::Fill(std::span<std::uint8_t> out) {
  std::lock_guard lock(mutex_);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
}

}  // namespace aloft
