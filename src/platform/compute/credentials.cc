#include "platform/compute/credentials.h"

#include <boost/json.hpp>
#include <cstdint>

#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "foundation/crypto/hpke.h"
#include "foundation/crypto/wipe.h"
#include "platform/compute/errors.h"
#include "platform/compute/task_files.h"

namespace aloft::compute {
namespace {

namespace json = boost::json;

constexpr int kPlain = 1, kSealed = 2;  // versions
constexpr char kPurpose[] = "aloft: a task's credentials, version 2";

Error Unreadable() {
  return Fail(kCorrupt, std::string(kCredentialsFile) + " cannot be understood");
}

json::object Members(const Credentials& credentials) {
  return {{"access_key_id", credentials.access_key_id},
          {"secret_access_key", credentials.secret_access_key},
          {"session_token", credentials.session_token},
          {"expires", ToMicros(credentials.expires)}};
}

Result<json::object> Parse(std::string_view text) {
  auto parsed = codec::ParseJson(text);
  if (!parsed.ok() || !parsed->is_object()) return Unreadable();
  return std::move(parsed->as_object());
}

Result<Credentials> Read(const json::object& object) {
  Credentials credentials;
  for (auto [name, member] : {std::pair{"access_key_id", &credentials.access_key_id},
                              std::pair{"secret_access_key", &credentials.secret_access_key},
                              std::pair{"session_token", &credentials.session_token}}) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) return Unreadable();
    *member = std::string(value->get_string());
  }
  const json::value* expires = object.if_contains("expires");
  if (expires == nullptr || !expires->is_int64()) return Unreadable();
  credentials.expires = FromMicros(expires->get_int64());
  return credentials;
}

Result<Grant> ReadGrant(const json::object& object) {
  Grant grant;
  ALOFT_ASSIGN(grant.agent, Read(object));
  // Neither is there where the server is of before: one session for both.
  if (const json::value* certificate = object.if_contains("certificate"); certificate != nullptr) {
    if (!certificate->is_string()) return Unreadable();
    grant.certificate_pem = certificate->get_string();
  }
  if (const json::value* code = object.if_contains("code"); code != nullptr) {
    if (!code->is_object()) return Unreadable();
    ALOFT_ASSIGN(grant.code, Read(code->get_object()));
  }
  return grant;
}

}  // namespace

Result<std::string> SealCredentials(const Grant& grant, const TaskId& id, std::string_view public_key, Random& random) {
  std::string ephemeral(crypto::kHpkeKeySize, '\0');
  const crypto::Wiped wipe_ephemeral(ephemeral);
  random.Fill({reinterpret_cast<std::uint8_t*>(ephemeral.data()), ephemeral.size()});
  json::object members = Members(grant.agent);
  if (!grant.certificate_pem.empty()) members["certificate"] = grant.certificate_pem;
  if (grant.code) members["code"] = Members(*grant.code);
  std::string text = codec::WriteJson(members);
  const crypto::Wiped wipe_text(text);
  ALOFT_ASSIGN(std::string sealed, crypto::HpkeSeal(public_key, ephemeral, kPurpose, id.value(), text));
  return codec::WriteJson(json::object{{"version", kSealed}, {"sealed", codec::Base64Encode(sealed)}});
}

Result<Grant> OpenCredentials(std::string_view text, const TaskId& id, std::string_view private_key) {
  ALOFT_ASSIGN(json::object object, Parse(text));
  const json::value* version = object.if_contains("version");
  // A server of before could have written it after this agent's program was installed.
  if (version != nullptr && *version == kPlain) return ReadGrant(object);
  const json::value* sealed = object.if_contains("sealed");
  if (version == nullptr || *version != kSealed || sealed == nullptr || !sealed->is_string()) return Unreadable();
  auto bytes = codec::Base64Decode(sealed->get_string());
  if (!bytes) return Unreadable();
  ALOFT_ASSIGN(std::string opened, crypto::HpkeOpen(private_key, kPurpose, id.value(), *bytes));
  const crypto::Wiped wipe(opened);
  ALOFT_ASSIGN(json::object members, Parse(opened));
  return ReadGrant(members);
}

std::string EncodePlainCredentials(const Credentials& credentials) {
  json::object object = Members(credentials);
  object["version"] = kPlain;
  return codec::WriteJson(object);
}

}  // namespace aloft::compute
