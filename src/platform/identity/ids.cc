#include <charconv>

#include "platform/identity/state.h"

namespace aloft::identity {
namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kSecretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kPrefix = 4;
// The first ten characters after the prefix hold 50 bits: one, the account (40 bits), nine at random.
constexpr int kAccountChars = 10;
constexpr int kRandomBits = 9;

}  // namespace

std::string NewEntityId(Random& random, std::string_view prefix) {
  return std::string(prefix) + random.Text(17, kBase32);
}

std::string NewAccessKeyId(Random& random, std::string_view prefix, const AccountId& account) {
  std::uint64_t number = 0;
  const std::string& digits = account.value();
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  std::uint64_t bits = (std::uint64_t{1} << 49) | (number << kRandomBits) | (random.Next() & ((1u << kRandomBits) - 1));
  std::string text(kAccountChars, 'A');
  for (int i = kAccountChars - 1; i >= 0; --i) {
    text[static_cast<std::size_t>(i)] = kBase32[bits & 31];
    bits >>= 5;
  }
  return std::string(prefix) + text + random.Text(16 - kAccountChars, kBase32);
}

std::optional<AccountId> AccountOfAccessKey(std::string_view access_key_id) {
  if (access_key_id.size() != 20) return std::nullopt;
  std::uint64_t bits = 0;
  for (const char c : access_key_id.substr(kPrefix, kAccountChars)) {
    const std::size_t digit = kBase32.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 5) | digit;
  }
  const std::uint64_t number = (bits & ((std::uint64_t{1} << 49) - 1)) >> kRandomBits;
  if (number >= 1'000'000'000'000) return std::nullopt;
  std::string text = std::to_string(number);
  return AccountId(std::string(12 - text.size(), '0') + text);
}

std::string NewSecret(Random& random) {
  return random.Text(40, kSecretAlphabet);
}

std::optional<EntityName> ParseEntityArn(std::string_view arn, EntityKind kind) {
  constexpr std::string_view kPrefixText = "arn:aws:iam::";
  if (!arn.starts_with(kPrefixText)) return std::nullopt;
  arn.remove_prefix(kPrefixText.size());
  const std::size_t colon = arn.find(':');
  if (colon != 12 || arn.substr(0, 12).find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const std::string_view rest = arn.substr(colon + 1);
  const std::string start = std::string(KindText(kind)) + "/";
  if (!rest.starts_with(start)) return std::nullopt;
  const std::string_view name = rest.substr(rest.rfind('/') + 1);
  if (name.empty()) return std::nullopt;
  return EntityName{AccountId(arn.substr(0, 12)), std::string(name)};
}

}  // namespace aloft::identity
