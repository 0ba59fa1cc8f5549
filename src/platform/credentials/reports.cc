#include "platform/credentials/reports.h"

#include "foundation/codec/time.h"
#include "platform/credentials/errors.h"
#include "platform/credentials/service_access.h"
#include "platform/directory/common.h"
#include "platform/factors/records.h"

namespace aloft::credentials {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
using directory::Require;
using identity::Session;

namespace {

constexpr std::chrono::hours kReportLives{4};
constexpr std::string_view kHeader =
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n";

std::string When(Time time) {
  std::string text = codec::FormatIso8601(time);
  if (text.ends_with('Z')) text.replace(text.size() - 1, 1, "+00:00");
  return text;
}
std::string WhenOr(Time time, const char* otherwise) {
  return time == Time{} ? otherwise : When(time);
}

Result<std::string> RowOf(sql::Reader& reader, const Entity& user, const factors::PasswordPolicy& policy) {
  ALOFT_ASSIGN(const auto login, factors::records::FindLogin(reader, user.account, user.id));
  ALOFT_ASSIGN(const auto devices, factors::records::ListDevicesOf(reader, user.account, user.id));
  ALOFT_ASSIGN(auto keys, records::ListKeys(reader, user));
  std::string out = user.name + "," + user.Arn() + "," + When(user.created);
  if (login) {
    const Time next = login->changed + std::chrono::hours(24 * policy.max_age_days);
    out += ",true," + WhenOr(login->last_used, "no_information") + "," + When(login->changed) + "," +
           (policy.max_age_days > 0 ? When(next) : "N/A");
  } else {
    out += ",false,N/A,N/A,N/A";
  }
  out += devices.empty() ? ",false" : ",true";
  keys.resize(2);
  for (const AccessKeyRecord& key : keys) {
    if (key.id.empty()) {
      out += ",false,N/A,N/A,N/A,N/A";
      continue;
    }
    const bool used = key.last_used != Time{};
    out += std::string(key.active ? ",true," : ",false,") + When(key.created) + "," + WhenOr(key.last_used, "N/A") +
           "," + (used ? key.last_region : "N/A") + "," + (used ? key.last_service : "N/A");
  }
  return out + ",false,N/A,false,N/A\n";
}

}  // namespace

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"credentials",
       1,
       {"CREATE TABLE credentials_reports (account TEXT PRIMARY KEY, made INTEGER NOT NULL, content TEXT NOT NULL)",
        "CREATE TABLE credentials_access_jobs (id TEXT PRIMARY KEY, account TEXT NOT NULL, made INTEGER NOT NULL, "
        "content TEXT NOT NULL)"}}};
  return migrations;
}

Result<iam::GenerateCredentialReportResponse> Reports::GenerateCredentialReport(
    const Session& session, const iam::GenerateCredentialReportRequest&) {
  const Time now = state_.clock.Now();
  ALOFT_ASSIGN(const std::string content, state_.database.Read([&](sql::Reader& reader) -> Result<std::string> {
    std::string out(kHeader);
    ALOFT_ASSIGN(const auto policy, factors::records::FindPasswordPolicy(reader, session.account));
    ALOFT_ASSIGN(const auto account, records::FindAccount(reader, session.account));
    // The root user: it has no password and no keys here.
    out += "<root_account>,arn:aws:iam::" + session.account.value() + ":root," +
           When(account ? account->created : Time{}) +
           ",not_supported,no_information,not_supported,not_supported,false,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,"
           "N/A,false,N/A,false,N/A\n";
    ALOFT_ASSIGN(const auto users,
                 records::List(reader, session.account, EntityKind::kUser, "/", Page{.marker = "", .limit = 5'000}));
    for (const Entity& user : users) {
      ALOFT_ASSIGN(const std::string row, RowOf(reader, user, policy));
      out += row;
    }
    return out;
  }));
  ALOFT_TRY(state_.database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(
        t.Execute("INSERT INTO credentials_reports (account, made, content) VALUES ($1, $2, $3) "
                  "ON CONFLICT (account) DO UPDATE SET made = excluded.made, content = excluded.content",
                  {session.account.value(), ToMicros(now), content}));
    return {};
  }));
  return iam::GenerateCredentialReportResponse{.state = "COMPLETE", .description = "The report was made."};
}

Result<iam::GetCredentialReportResponse> Reports::GetCredentialReport(const Session& session,
                                                                      const iam::GetCredentialReportRequest&) {
  ALOFT_ASSIGN(const sql::Rows rows, state_.database.Read([&](sql::Reader& reader) {
    return reader.Query("SELECT made, content FROM credentials_reports WHERE account = $1", {session.account.value()});
  }));
  if (rows.empty()) return Fail(kReportNotPresent, "No report exists. Use GenerateCredentialReport to make one.");
  const Time made = FromMicros(rows.front().Int(0));
  if (state_.clock.Now() - made > kReportLives)
    return Fail(kReportExpired, "The report has expired. Use GenerateCredentialReport to make a new one.");
  iam::GetCredentialReportResponse out;
  out.content.emplace().bytes = rows.front().Text(1);
  out.report_format = "text/csv";
  out.generated_time = made;
  return out;
}

Result<iam::GenerateServiceLastAccessedDetailsResponse> Reports::GenerateServiceLastAccessedDetails(
    const Session& session, const iam::GenerateServiceLastAccessedDetailsRequest& in) {
  if (in.granularity.value_or("SERVICE_LEVEL") != "SERVICE_LEVEL")
    return Fail(kUnimplemented, "GenerateServiceLastAccessedDetails with Granularity ACTION_LEVEL is not built");
  const std::string arn = in.arn.value_or("");
  ALOFT_ASSIGN(const std::vector<ServiceAccess> access,
               state_.database.Read([&](sql::Reader& reader) { return AccessOf(reader, session.account, arn); }));
  const std::string id = state_.random.Uuid();
  const Time now = state_.clock.Now();
  ALOFT_TRY(state_.database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(
        t.Execute("DELETE FROM credentials_access_jobs WHERE made < $1", {ToMicros(now - std::chrono::hours(7 * 24))}));
    ALOFT_TRY(t.Execute("INSERT INTO credentials_access_jobs (id, account, made, content) VALUES ($1, $2, $3, $4)",
                        {id, session.account.value(), ToMicros(now), EncodeAccess(access)}));
    return {};
  }));
  return iam::GenerateServiceLastAccessedDetailsResponse{.job_id = id};
}

Result<iam::GetServiceLastAccessedDetailsResponse> Reports::GetServiceLastAccessedDetails(
    const Session& session, const iam::GetServiceLastAccessedDetailsRequest& in) {
  ALOFT_ASSIGN(const auto paging, directory::Paging::Of(in.marker, in.max_items));
  ALOFT_ASSIGN(const sql::Rows rows, state_.database.Read([&](sql::Reader& reader) {
    return reader.Query("SELECT made, content FROM credentials_access_jobs WHERE id = $1 AND account = $2",
                        {in.job_id.value_or(""), session.account.value()});
  }));
  if (rows.empty()) return Fail(kNoSuchEntity, "The job with id " + in.job_id.value_or("") + " cannot be found.");
  ALOFT_ASSIGN(auto access, DecodeAccess(rows.front().Text(1)));
  const auto cut = directory::CutPage(std::move(access), paging.page, [](const ServiceAccess& a) { return a.service; });
  iam::GetServiceLastAccessedDetailsResponse out;
  directory::SetPage(out, cut);
  out.job_status = "COMPLETED";
  out.job_type = "SERVICE_LEVEL";
  out.job_creation_date = out.job_completion_date = FromMicros(rows.front().Int(0));
  out.services_last_accessed.emplace();
  for (const ServiceAccess& each : cut.items) {
    iam::ServiceLastAccessed shown;
    shown.service_name = each.name;
    shown.service_namespace = each.service;
    shown.total_authenticated_entities = each.entities;
    if (each.when != Time{}) {
      shown.last_authenticated = each.when;
      shown.last_authenticated_entity = each.entity;
      shown.last_authenticated_region = each.region;
    }
    out.services_last_accessed->push_back(std::move(shown));
  }
  return out;
}

}  // namespace aloft::credentials
