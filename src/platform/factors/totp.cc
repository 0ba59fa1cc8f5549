#include "platform/factors/totp.h"

#include "foundation/base/bytes.h"
#include "foundation/crypto/hmac.h"

namespace aloft::factors {

std::int64_t StepOf(Time time) {
  return ToMicros(time) / 30'000'000;
}

std::string CodeOf(std::string_view seed, std::int64_t step) {
  std::string counter(8, '\0');
  for (int i = 7; i >= 0; --i) {
    counter[static_cast<std::size_t>(i)] = static_cast<char>(step & 0xff);
    step >>= 8;
  }
  const std::string mac = crypto::Hmac(crypto::Digest::kSha1, seed, counter);
  const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<std::uint8_t>(mac[i])); };
  const std::size_t offset = at(19) & 15;
  const std::uint32_t number =
      ((at(offset) & 0x7f) << 24 | at(offset + 1) << 16 | at(offset + 2) << 8 | at(offset + 3)) % 1'000'000;
  std::string text = std::to_string(number);
  return std::string(6 - text.size(), '0') + text;
}

std::optional<std::int64_t> MatchCode(std::string_view seed, std::string_view code, Time now, std::int64_t drift,
                                      std::int64_t last_step, int window) {
  std::optional<std::int64_t> found;
  const std::int64_t middle = StepOf(now) + drift;
  for (std::int64_t step = middle - window; step <= middle + window; ++step)
    if (ConstantTimeEqual(CodeOf(seed, step), code) && step > last_step) found = step;
  return found;
}

std::optional<std::int64_t> MatchTwoCodes(std::string_view seed, std::string_view first, std::string_view second,
                                          Time now, int window) {
  const std::int64_t middle = StepOf(now);
  for (std::int64_t step = middle - window; step <= middle + window; ++step)
    if (ConstantTimeEqual(CodeOf(seed, step), first) && ConstantTimeEqual(CodeOf(seed, step + 1), second))
      return step + 1;
  return std::nullopt;
}

std::string Base32(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    count += 8;
    for (; count >= 5; count -= 5) out.push_back(kAlphabet[bits >> (count - 5) & 31]);
  }
  if (count > 0) out.push_back(kAlphabet[bits << (5 - count) & 31]);
  return out;
}

}  // namespace aloft::factors
