// Randomness as a constructor argument. SystemRandom is fit for keys; SeededRandom is for tests.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <span>
#include <string>

namespace aloft {

class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t Next();
  // A version 4 UUID, "3f2b...".
  std::string Uuid();
  // `length` characters, each drawn evenly from `alphabet` (1 to 256 characters).
  std::string Text(std::size_t length, std::string_view alphabet);
};

class SystemRandom final : public Random {
 public:
  void Fill(std::span<std::uint8_t> out) override;  // getrandom(2); thread-safe
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void Fill(std::span<std::uint8_t> out) override;  // thread-safe, repeatable for one thread

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace aloft
