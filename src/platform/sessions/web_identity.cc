// AssumeRoleWithWebIdentity: an issuer's token for a role's session.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html; proven by
// tests/api/test_sts.py
#include <boost/json/value.hpp>

#include "foundation/base/bytes.h"
#include "platform/federation/errors.h"
#include "platform/federation/records.h"
#include "platform/identity/session_keys.h"
#include "platform/identity/sessions.h"
#include "platform/sessions/assumption.h"
#include "platform/sessions/security_tokens.h"

namespace aloft::sessions {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace sts = shapes::sts;
namespace json = boost::json;
using federation::Jwt;
using federation::Provider;
using identity::Context;
using identity::Session;

namespace {

constexpr std::int64_t kSkewSeconds = 60;
constexpr std::string_view kTagsClaim = "https://aws.amazon.com/tags";
constexpr std::string_view kSourceClaim = "https://aws.amazon.com/source_identity";

// Everything that is known before the issuer's keys are.
struct Asked {
  sts::AssumeRoleWithWebIdentityRequest in;
  Context context;
  Jwt jwt;
  Provider provider;
  std::shared_ptr<const Principal> role;
};

Error NotAuthorized() {
  return Fail(kAccessDenied, "Not authorized to perform sts:AssumeRoleWithWebIdentity");
}

std::string Schemeless(std::string_view issuer) {
  const std::size_t scheme = issuer.find("://");
  std::string out(scheme == std::string_view::npos ? issuer : issuer.substr(scheme + 3));
  if (out.ends_with('/')) out.pop_back();
  return out;
}

Result<Asked> Read(Service::State& state, const sts::AssumeRoleWithWebIdentityRequest& in, const Context& context) {
  if (in.provider_id)
    return Fail(kUnimplemented, "AssumeRoleWithWebIdentity with ProviderId (OAuth 2.0 access tokens) is not built");
  Asked out{in, context, {}, {}, nullptr};
  ALOFT_ASSIGN(out.jwt, federation::ParseJwt(in.web_identity_token.value_or("")));
  const std::string arn = in.role_arn.value_or("");
  const auto name = ParseEntityArn(arn, EntityKind::kRole);
  if (!name) return Fail(kValidation, arn + " is invalid");
  ALOFT_ASSIGN(out.role, FindPrincipal(state, name->account, EntityKind::kRole, name->name));
  if (out.role == nullptr || out.role->entity.Arn() != arn) return NotAuthorized();
  const std::string issuer = out.jwt.Text("iss");
  ALOFT_ASSIGN(auto provider, state.database.Read([&](sql::Reader& reader) {
    return federation::records::FindProvider(reader, name->account, Schemeless(issuer));
  }));
  // The registered scheme counts too: a token must not turn https into http.
  if (!provider || issuer.substr(0, issuer.find("://")) != provider->issuer.substr(0, provider->issuer.find("://")))
    return Fail(federation::kInvalidIdentityToken,
                "No OpenIDConnect provider found in your account for " + issuer.substr(0, 300));
  out.provider = std::move(*provider);
  return out;
}

Status CheckTimes(const Jwt& jwt, Time now) {
  const std::int64_t second = ToMicros(now) / 1'000'000, expires = jwt.Seconds("exp");
  if (expires == 0) return Fail(federation::kInvalidIdentityToken, "Missing a required claim: exp");
  if (second >= expires)
    return Fail(federation::kExpiredIdentityToken, "Token expired: current date/time " + std::to_string(second) +
                                                       " must be before the expiration date/time" +
                                                       std::to_string(expires));
  if (jwt.Seconds("nbf") > second + kSkewSeconds || jwt.Seconds("iat") > second + kSkewSeconds)
    return Fail(federation::kInvalidIdentityToken, "The token is not valid yet");
  return {};
}

// Who the token is for: its authorized party where it has one, as AWS counts it.
Result<std::string> CheckAudience(const Asked& asked) {
  std::vector<std::string> audiences = asked.jwt.Audiences();
  if (const std::string party = asked.jwt.Text("azp"); !party.empty()) audiences.insert(audiences.begin(), party);
  for (const std::string& audience : audiences)
    if (std::find(asked.provider.clients.begin(), asked.provider.clients.end(), audience) !=
        asked.provider.clients.end())
      return audience;
  return Fail(federation::kInvalidIdentityToken, "Incorrect token audience");
}

Result<Assumption> ReadAssumption(const Asked& asked) {
  Assumption out;
  out.session_name = asked.in.role_session_name.value_or("");
  out.source_identity = asked.jwt.Text(kSourceClaim);
  const json::value* claim = asked.jwt.claims.if_contains(kTagsClaim);
  if (claim == nullptr) return out;
  const auto bad = [] { return Fail(federation::kInvalidIdentityToken, "The tags of the token are malformed"); };
  if (!claim->is_object()) return bad();
  const json::value* tags = claim->as_object().if_contains("principal_tags");
  if (tags == nullptr || !tags->is_object() || tags->as_object().size() > 50) return bad();
  for (const auto& [key, values] : tags->as_object()) {
    if (!values.is_array() || values.as_array().size() != 1 || !values.as_array()[0].is_string()) return bad();
    out.tags[std::string(key)] = values.as_array()[0].as_string();
  }
  if (const json::value* keys = claim->as_object().if_contains("transitive_tag_keys"); keys != nullptr) {
    if (!keys->is_array()) return bad();
    for (const json::value& key : keys->as_array()) {
      if (!key.is_string() || !out.tags.contains(std::string(key.as_string()))) return bad();
      out.transitive_tags.emplace_back(key.as_string());
    }
  }
  out.sets_tags = !out.tags.empty();
  return out;
}

// The keys that trust policies ask about: issuer.example/path:sub and its fellows.
std::map<std::string, std::string> ClaimKeys(const Asked& asked, const std::string& audience) {
  std::map<std::string, std::string> out;
  for (const char* claim : {"sub", "azp", "email"})
    if (const std::string text = asked.jwt.Text(claim); !text.empty()) out[asked.provider.name + ":" + claim] = text;
  out[asked.provider.name + ":aud"] = audience;
  if (const auto audiences = asked.jwt.Audiences(); !asked.jwt.Text("azp").empty() && !audiences.empty())
    out[asked.provider.name + ":oaud"] = audiences.front();
  return out;
}

Status CheckTrust(Service& identity, const Asked& asked, const Session& session, const Assumption& assumption) {
  Context context = asked.context;
  AddTo(context, assumption);
  Session visitor;  // nobody of this cloud yet; what the token says is all there is to it
  visitor.claims = session.claims;
  if (const json::value* methods = asked.jwt.claims.if_contains("amr"); methods != nullptr && methods->is_array())
    for (const json::value& method : methods->as_array())
      if (method.is_string()) context[ToLower(asked.provider.name) + ":amr"].emplace_back(method.as_string());
  visitor.federated_provider = session.federated_provider;
  const SessionKeys keys(visitor, nullptr, context, identity.state().clock.Now(), nullptr,
                         PlacementIn(identity.state()));
  Caller caller;
  caller.federated = session.federated_provider;
  const auto allows = [&](std::string_view action) {
    const Verdict verdict = asked.role->trust->Evaluate(Query{action, session.role_arn, keys, &caller});
    return verdict.effect == Verdict::Effect::kAllow && !keys.failure();
  };
  if (!allows("sts:AssumeRoleWithWebIdentity")) return NotAuthorized();
  if (assumption.sets_tags && !allows("sts:TagSession")) return NotAuthorized();
  if (!assumption.source_identity.empty() && !allows("sts:SetSourceIdentity")) return NotAuthorized();
  return {};
}

Result<sts::AssumeRoleWithWebIdentityResponse> Finish(Service& identity, const Asked& asked,
                                                      const federation::IssuerKeys::Keys& keys) {
  if (!federation::Verifies(asked.jwt, keys))
    return Fail(federation::kInvalidIdentityToken, "Couldn't verify the signature of the token");
  Service::State& state = identity.state();
  ALOFT_TRY(CheckTimes(asked.jwt, state.clock.Now()));
  ALOFT_ASSIGN(const std::string audience, CheckAudience(asked));
  if (asked.jwt.Text("sub").empty()) return Fail(federation::kInvalidIdentityToken, "Missing a required claim: sub");
  ALOFT_ASSIGN(const Assumption assumption, ReadAssumption(asked));
  Session session = RoleSession(asked.role->entity, assumption.session_name);
  session.federated_provider = asked.provider.Arn();
  session.claims = ClaimKeys(asked, audience);
  ALOFT_TRY(CheckTrust(identity, asked, session, assumption));
  ALOFT_TRY(CheckOpen(state, session));
  ALOFT_ASSIGN(const auto wanted, ReadDuration(asked.in.duration_seconds, asked.role->entity, false));
  ALOFT_ASSIGN(const Passed passed,
               ReadPassed(state, session.account, asked.in.policy, asked.in.policy_arns, assumption.tags));
  const TemporaryCredentials issued = IssueSession(state, std::move(session), assumption, wanted, passed);
  sts::AssumeRoleWithWebIdentityResponse out;
  out.credentials = Show(issued);
  out.subject_from_web_identity_token = asked.jwt.Text("sub");
  out.assumed_role_user =
      sts::AssumedRoleUser{.assumed_role_id = issued.session.principal_id, .arn = issued.session.arn};
  out.provider = asked.provider.Arn();
  out.audience = audience;
  if (passed.size > 0) out.packed_policy_size = PackedSize(passed);
  if (!assumption.source_identity.empty()) out.source_identity = assumption.source_identity;
  return out;
}

}  // namespace

void SecurityTokens::AssumeRoleWithWebIdentity(const sts::AssumeRoleWithWebIdentityRequest& in, const Context& context,
                                               WebIdentityDone done) {
  auto read = Read(d_.identity.state(), in, context);
  if (!read.ok()) return done(std::move(read).error());
  auto asked = std::make_shared<const Asked>(std::move(*read));
  d_.issuers.Get(asked->provider.issuer, asked->jwt,
                 [&identity = d_.identity, asked, done = std::move(done)](auto keys) {
                   if (!keys.ok()) return done(std::move(keys).error());
                   done(Finish(identity, *asked, **keys));
                 });
}

}  // namespace aloft::sessions
