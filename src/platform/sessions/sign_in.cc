#include "platform/sessions/sign_in.h"

#include <algorithm>

#include "platform/identity/sessions.h"
#include "platform/identity/state.h"
#include "platform/identity/tokens.h"

namespace aloft::sessions {

using identity::EntityKind;
using identity::Session;

namespace {

constexpr std::size_t kCsrfCharacters = 32;

Error NotSignedIn() {
  return Fail(kNoWebSession, "You are not signed in, or no longer.");
}

}  // namespace

Result<WebSession> SignIn::Start(const SignInRequest& request) {
  ALOFT_ASSIGN(auto checked,
               factors_.Check(request.account, request.user, request.password, request.code, request.address));
  if (checked.reset_required) {
    if (request.new_password.empty())
      return Fail(kPasswordChangeRequired, "The password must be changed: give a new one too.");
    ALOFT_TRY(ChangePassword(checked.session, request));
  }
  checked.session.issued = identity_.state().clock.Now();
  checked.session.expires = checked.session.issued + kWebSession;
  return Make(std::move(checked.session));
}

Result<WebSession> SignIn::StartWith(std::string_view access_key_id, std::string_view session_token) {
  ALOFT_ASSIGN(identity::Credential credential, identity_.FindCredential(access_key_id, session_token));
  return Make(std::move(credential.session));
}

WebSession SignIn::Make(Session session) const {
  const auto& state = identity_.state();
  WebSession out;
  out.session = std::move(session);
  out.session.id = state.random.Uuid();
  out.csrf = state.random.Text(kCsrfCharacters, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
  out.token = identity::SealWebSession(state.keyring, out.session, out.csrf);
  return out;
}

Status SignIn::ChangePassword(const Session& session, const SignInRequest& request) {
  identity::Service::State& state = identity_.state();
  struct Known {
    factors::PasswordPolicy policy;
    std::optional<factors::Login> login;
  };
  ALOFT_ASSIGN(Known known, state.database.Read([&](sql::Reader& reader) -> Result<Known> {
    Known out;
    ALOFT_ASSIGN(out.policy, factors::records::FindPasswordPolicy(reader, session.account));
    ALOFT_ASSIGN(out.login, factors::records::FindLogin(reader, session.account, session.principal_id));
    return out;
  }));
  if (!known.login) return NotSignedIn();
  if (request.new_password == request.password)
    return Fail(factors::kPasswordPolicyViolation, "The new password must differ from the old one.");
  const Time before = known.login->changed;
  ALOFT_TRY(factors_.SetPassword(known.policy, session.user_name, request.new_password, *known.login));
  known.login->reset_required = false;
  return state.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const auto now, factors::records::FindLogin(t, session.account, session.principal_id));
    if (!now || now->changed != before) return NotSignedIn();
    return factors::records::PutLogin(t, *known.login);
  });
}

Result<WebSession> SignIn::Open(std::string_view token) const {
  identity::Service::State& state = identity_.state();
  auto opened = identity::OpenSealedWebSession(state.keyring, token);
  if (!opened.ok()) return NotSignedIn();
  WebSession out{std::string(token), std::move(opened->secret), std::move(opened->session)};
  const Session& session = out.session;
  if (state.clock.Now() >= session.expires || !identity::CheckOpen(state, session).ok()) return NotSignedIn();
  ALOFT_ASSIGN(const bool good, state.database.Read([&](sql::Reader& reader) -> Result<bool> {
    if (session.kind == identity::PrincipalKind::kRole) {
      const std::string role_id = session.principal_id.substr(0, session.principal_id.find(':'));
      ALOFT_ASSIGN(const auto role, identity::records::FindById(reader, session.account, EntityKind::kRole, role_id));
      return role && session.issued > role->revoked_before;
    }
    ALOFT_ASSIGN(const auto user,
                 identity::records::FindById(reader, session.account, EntityKind::kUser, session.principal_id));
    if (!user || session.issued <= user->revoked_before) return false;
    ALOFT_ASSIGN(const auto login, factors::records::FindLogin(reader, session.account, session.principal_id));
    return login && login->changed <= session.issued;
  }));
  if (!good) return NotSignedIn();
  return out;
}

Status SignIn::End(const WebSession& session) {
  return identity_.RevokeToken(session.session, session.session);
}

identity::TemporaryCredentials SignIn::Credentials(const Session& session, std::chrono::seconds valid_for) const {
  identity::Service::State& state = identity_.state();
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(session.expires - state.clock.Now());
  return identity::Issue(state, session, std::min(valid_for, left), {});
}

}  // namespace aloft::sessions
