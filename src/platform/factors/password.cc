#include "platform/factors/password.h"

#include <charconv>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/codec/base64.h"
#include "platform/factors/errors.h"

namespace aloft::factors {
namespace {

constexpr std::size_t kSaltBytes = 16, kKeyBytes = 32;
constexpr std::string_view kSymbols = "! @ # $ % ^ & * ( ) _ + - = [ ] { } | '";

struct Classes {
  bool upper = false, lower = false, digit = false, symbol = false;
};
Classes ClassesOf(std::string_view password) {
  Classes out;
  for (const char c : password) {
    out.upper |= c >= 'A' && c <= 'Z';
    out.lower |= c >= 'a' && c <= 'z';
    out.digit |= c >= '0' && c <= '9';
    out.symbol |= c != ' ' && kSymbols.find(c) != std::string_view::npos;
  }
  return out;
}

Error Weak(const std::string& what) {
  return Fail(kPasswordPolicyViolation, "Password does not conform to the account password policy: " + what);
}

}  // namespace

Status CheckPassword(const PasswordPolicy& policy, std::string_view password, std::string_view user_name) {
  if (password.size() > 128) return Weak("it has more than 128 characters");
  if (password.size() < static_cast<std::size_t>(policy.minimum_length))
    return Weak("it must have at least " + std::to_string(policy.minimum_length) + " characters");
  const Classes has = ClassesOf(password);
  if (!policy.custom) {
    if (int{has.upper} + int{has.lower} + int{has.digit} + int{has.symbol} < 3)
      return Weak("it must have three of: upper case, lower case, digits, symbols");
    if (EqualsIgnoreCase(password, user_name)) return Weak("it must not be the user's name");
    return {};
  }
  if (policy.uppercase && !has.upper) return Weak("it must have an upper-case letter");
  if (policy.lowercase && !has.lower) return Weak("it must have a lower-case letter");
  if (policy.numbers && !has.digit) return Weak("it must have a digit");
  if (policy.symbols && !has.symbol) return Weak("it must have a symbol");
  return {};
}

Result<std::string> PasswordHasher::Stretch(std::string_view password, std::string_view salt,
                                            const crypto::ScryptCost& cost) {
  turns_.acquire();
  auto key = crypto::Scrypt(password, salt, cost, kKeyBytes);
  turns_.release();
  return key;
}

Result<std::string> PasswordHasher::Hash(std::string_view password) {
  std::string salt(kSaltBytes, '\0');
  random_.Fill({reinterpret_cast<std::uint8_t*>(salt.data()), salt.size()});
  ALOFT_ASSIGN(const std::string key, Stretch(password, salt, {}));
  return "scrypt$15$8$1$" + codec::Base64UrlEncode(salt) + "$" + codec::Base64UrlEncode(key);
}

bool PasswordHasher::Matches(std::string_view password, std::string_view stored) {
  if (stored.empty()) {
    (void)Stretch(password, "nobody's salt...", {});
    return false;
  }
  const std::vector<std::string_view> parts = Split(stored, '$');
  if (parts.size() != 6 || parts[0] != "scrypt") return false;
  std::uint32_t numbers[3] = {};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string_view text = parts[i + 1];
    if (std::from_chars(text.data(), text.data() + text.size(), numbers[i]).ec != std::errc()) return false;
  }
  const auto salt = codec::Base64UrlDecode(parts[4]), key = codec::Base64UrlDecode(parts[5]);
  if (!salt || !key || numbers[0] > 24) return false;
  const auto made = Stretch(password, *salt, {std::uint64_t{1} << numbers[0], numbers[1], numbers[2]});
  return made.ok() && ConstantTimeEqual(*made, *key);
}

}  // namespace aloft::factors
