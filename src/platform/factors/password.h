// Passwords: what an account demands of them, and how they are kept. Never the password, only what scrypt makes of it.
#pragma once

#include <cstdint>
#include <semaphore>
#include <string>
#include <string_view>

#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/crypto/scrypt.h"

namespace aloft::factors {

// IAM's account password policy; the defaults are AWS's for an account that has set none.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
struct PasswordPolicy {
  bool custom = false;  // the account has set one
  std::int32_t minimum_length = 8;
  bool symbols = false, numbers = false, uppercase = false, lowercase = false;
  bool users_may_change = false;
  std::int32_t max_age_days = 0;      // 0: they do not expire
  std::int32_t reuse_prevention = 0;  // how many of the last passwords may not come back; 0: none
  bool hard_expiry = false;           // an expired one cannot be changed by its user
};

// kPasswordPolicyViolation names what is missing. Without a custom policy: 8 characters, three of the four classes, not
// the user's name.
Status CheckPassword(const PasswordPolicy& policy, std::string_view password, std::string_view user_name);

// Makes and checks what is kept of a password: "scrypt$15$8$1$<salt>$<key>", base64url. Each takes some 100 ms and 32
// MiB, so at most four run at once and the others wait their turn. Thread-safe.
class PasswordHasher {
 public:
  explicit PasswordHasher(Random& random) : random_(random) {}

  Result<std::string> Hash(std::string_view password);
  // Constant time in what is compared. A stored text that is damaged matches nothing; an empty one takes as long as
  // any, for names that do not exist.
  bool Matches(std::string_view password, std::string_view stored);

 private:
  Result<std::string> Stretch(std::string_view password, std::string_view salt, const crypto::ScryptCost& cost);

  Random& random_;
  std::counting_semaphore<4> turns_{4};
};

}  // namespace aloft::factors
