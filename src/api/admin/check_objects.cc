#include "api/admin/check_objects.h"

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "platform/identity/errors.h"

namespace aloft::api::admin {
namespace {

constexpr std::chrono::milliseconds kPiece{1000};

std::string Show(const objects::CheckReport& report, const std::vector<objects::Problem>& problems) {
  std::string text;
  codec::JsonWriter out(text);
  out.BeginObject().Key("Entries").Int(static_cast<std::int64_t>(report.entries));
  out.Key("Blobs").Int(static_cast<std::int64_t>(report.blobs));
  out.Key("Bytes").Int(static_cast<std::int64_t>(report.verified_bytes));
  out.Key("Next").String(report.next).Key("Problems").BeginArray();
  for (const auto& problem : problems) {
    out.BeginObject().Key("Kind").String(ProblemName(problem.kind)).Key("What").String(problem.what);
    out.Key("Repaired").Bool(problem.repaired).EndObject();
  }
  out.EndArray().EndObject();
  return text;
}

class Check final : public api::Prepared {
 public:
  Check(objects::Service& objects, AccountId home, objects::CheckOptions options)
      : objects_(objects), home_(std::move(home)), options_(std::move(options)) {}

  std::vector<api::Permission> permissions() const override {
    std::vector<api::Permission> needed{{"aloft:CheckObjects", "*", {}}};
    if (options_.repair) needed.push_back({"aloft:RepairObjects", "*", {}});
    return needed;
  }

  void Run(const std::shared_ptr<const api::Call>& call, api::Authorized, api::Responder respond) override {
    if (call->session.account != home_)
      return respond(Fail(identity::kAccessDenied, "Only the installation's own account may check all buckets"));
    std::vector<objects::Problem> problems;
    auto report = objects_.Check(options_, [&](const objects::Problem& problem) { problems.push_back(problem); });
    if (!report.ok()) return respond(std::move(report).error());
    respond(http::Response{200, {{"Content-Type", "application/json"}}, Show(*report, problems)});
  }

 private:
  objects::Service& objects_;
  const AccountId home_;
  const objects::CheckOptions options_;
};

Result<std::unique_ptr<api::Prepared>> Prepare(const api::Call& call, objects::Service& objects,
                                               const AccountId& home) {
  ALOFT_ASSIGN(boost::json::value body, codec::ParseJson(call.body.empty() ? "{}" : call.body));
  const auto* object = body.if_object();
  if (object == nullptr) return Fail(kInvalidArgument, "The request must be an object");
  objects::CheckOptions options;
  options.budget = kPiece;
  auto flag = [&](const char* name) {
    const auto* value = object->if_contains(name);
    return value != nullptr && value->is_bool() && value->as_bool();
  };
  options.verify = flag("Verify");
  options.repair = flag("Repair");
  if (const auto* from = object->if_contains("From"); from != nullptr && from->is_string())
    options.from = from->as_string();
  return std::unique_ptr<api::Prepared>(std::make_unique<Check>(objects, home, std::move(options)));
}

}  // namespace

std::string_view ProblemName(objects::ProblemKind kind) {
  switch (kind) {
    case objects::ProblemKind::kUnreadableEntry: return "unreadable record";
    case objects::ProblemKind::kMissingBytes: return "missing bytes";
    case objects::ProblemKind::kDamagedBytes: return "damaged bytes";
    case objects::ProblemKind::kMissingHolder: return "unheld blob";
    case objects::ProblemKind::kOrphanBlob: return "orphan blob";
    case objects::ProblemKind::kStaleHolder: return "stale hold";
  }
  return "problem";
}

api::Row MakeCheckObjectsRow(objects::Service& objects, const AccountId& home) {
  api::Row row{"aloft", "CheckObjects", api::kSigV4, api::BodyMode::kBuffered, 4096, {}};
  row.prepare = [&objects, home](const api::Call& call) { return Prepare(call, objects, home); };
  return row;
}

}  // namespace aloft::api::admin
