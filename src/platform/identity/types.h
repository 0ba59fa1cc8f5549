// What identity hands out: credentials, and what the first start made.
#pragma once

#include <string>

#include "platform/identity/session.h"

namespace aloft::identity {

// What verifies a signature, and who the caller is if it holds.
struct Credential {
  std::string secret{};
  Session session{};
  // Of a session that holds only beside a key: the SHA-256 of that public key, as http::PeerCertificate has it. Empty:
  // whoever has the secret may sign.
  std::string bound_to{};
};

struct TemporaryCredentials {
  std::string access_key_id{};  // ASIA...
  std::string secret{};
  std::string session_token{};
  Session session{};  // session.expires is when the credentials end
};

// What the first start of an installation made.
struct Bootstrap {
  bool created = false;  // false: the account was there; the fields below it are empty
  AccountId account{};
  std::string user_name{};
  std::string access_key_id{};
  std::string secret{};  // shown once, stored only sealed
};

struct BootstrapOptions {
  AccountId account{};  // 12 digits; empty: drawn at random
  std::string user_name = "administrator";
};

}  // namespace aloft::identity
