#include "api/admin/quotas.h"

#include <algorithm>
#include <boost/json.hpp>

#include "foundation/codec/json.h"

namespace aloft::api::admin {
namespace {

namespace json = boost::json;

constexpr double kGiB = 1u << 30;

class Operation final : public api::Prepared {
 public:
  using Answer = std::function<Result<std::string>(const api::Call&)>;
  Operation(std::string action, Answer answer) : action_(std::move(action)), answer_(std::move(answer)) {}

  std::vector<api::Permission> permissions() const override { return {{action_, "*", {}}}; }
  void Run(const std::shared_ptr<const api::Call>& call, api::Authorized, api::Responder respond) override {
    auto text = answer_(*call);
    if (!text.ok()) return respond(std::move(text).error());
    respond(http::Response{200, {{"Content-Type", "application/json"}}, std::move(*text)});
  }

 private:
  const std::string action_;
  const Answer answer_;
};

Result<std::optional<double>> Bound(const json::object& request, const char* name) {
  const json::value* value = request.if_contains(name);
  if (value == nullptr || value->is_null()) return std::optional<double>{};
  if (!value->is_number() || value->to_number<double>() < 0 || value->to_number<double>() > 1e6)
    return Fail(kInvalidArgument, std::string(name) + " must be a number from 0 to 1000000");
  return std::optional<double>(value->to_number<double>());
}

Result<std::string> TextOf(const json::object& request, const char* name, std::string otherwise) {
  const json::value* value = request.if_contains(name);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) return Fail(kInvalidArgument, std::string(name) + " must be text");
  return std::string(value->as_string());
}

bool IsAccount(const std::string& text) {
  return text.size() == 12 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsOwner(const std::string& text) {
  return text.empty() || text == "root" ||
         ((text.starts_with("user/") || text.starts_with("role/")) && text.size() > 5 && text.size() <= 5 + 64);
}

Result<jobs::AccountQuota> QuotaOf(const api::Call& call, const AccountId& home) {
  ALOFT_ASSIGN(json::value body, codec::ParseJson(call.body.empty() ? "{}" : call.body));
  const auto* request = body.if_object();
  if (request == nullptr) return Fail(kInvalidArgument, "the request must be a JSON object");
  jobs::AccountQuota one;
  ALOFT_ASSIGN(one.account, TextOf(*request, "Account", call.session.account.value()));
  ALOFT_ASSIGN(one.owner, TextOf(*request, "Owner", ""));
  if (!IsAccount(one.account)) return Fail(kInvalidArgument, "Account must be the 12 digits of an account");
  if (!IsOwner(one.owner)) return Fail(kInvalidArgument, "Owner must be user/NAME, role/NAME or root");
  bool own = one.account == call.session.account.value() && !one.owner.empty();
  if (!own && call.session.account != home)
    return Fail(
        Reason{ErrorKind::kDenied, "AccessDenied"},
        "Only the installation's own account sets the quotas of accounts; yours sets those of its users and roles");
  ALOFT_ASSIGN(one.quota.vcpus, Bound(*request, "Vcpus"));
  ALOFT_ASSIGN(std::optional<double> gib, Bound(*request, "MemoryGiB"));
  ALOFT_ASSIGN(std::optional<double> gpus, Bound(*request, "Gpus"));
  ALOFT_ASSIGN(std::optional<double> instances, Bound(*request, "Instances"));
  if (gib) one.quota.memory_bytes = static_cast<std::uint64_t>(*gib * kGiB);
  if (gpus) one.quota.gpus = static_cast<int>(*gpus);
  if (instances) one.quota.instances = static_cast<int>(*instances);
  return one;
}

Result<std::string> ListJson(const api::Call& call, jobs::QuotaStore& quotas, const AccountId& home) {
  ALOFT_ASSIGN(std::vector<jobs::AccountQuota> all, quotas.List());
  json::array listed;
  for (const jobs::AccountQuota& one : all) {
    if (call.session.account != home && one.account != call.session.account.value()) continue;
    json::object row{{"Account", one.account}, {"Owner", one.owner}};
    if (one.quota.vcpus) row["Vcpus"] = *one.quota.vcpus;
    if (one.quota.memory_bytes) row["MemoryGiB"] = static_cast<double>(*one.quota.memory_bytes) / kGiB;
    if (one.quota.gpus) row["Gpus"] = *one.quota.gpus;
    if (one.quota.instances) row["Instances"] = *one.quota.instances;
    listed.push_back(std::move(row));
  }
  return codec::WriteJson(json::object{{"Quotas", std::move(listed)}});
}

}  // namespace

std::vector<api::Row> MakeQuotaRows(jobs::QuotaStore& quotas, const AccountId& home) {
  std::vector<api::Row> rows;
  api::Row put{"aloft", "PutQuota", api::kSigV4, api::BodyMode::kBuffered, 4096, {}};
  put.prepare = [&quotas, home](const api::Call& call) -> Result<std::unique_ptr<api::Prepared>> {
    ALOFT_ASSIGN(jobs::AccountQuota one, QuotaOf(call, home));
    return std::unique_ptr<api::Prepared>(
        new Operation("aloft:PutQuota", [&quotas, one](const api::Call&) -> Result<std::string> {
          ALOFT_TRY(quotas.Put(one));
          return std::string("{}");
        }));
  };
  rows.push_back(std::move(put));
  api::Row list{"aloft", "ListQuotas", api::kSigV4, api::BodyMode::kBuffered, 4096, {}};
  list.prepare = [&quotas, home](const api::Call&) -> Result<std::unique_ptr<api::Prepared>> {
    return std::unique_ptr<api::Prepared>(
        new Operation("aloft:ListQuotas", [&quotas, home](const api::Call& c) { return ListJson(c, quotas, home); }));
  };
  rows.push_back(std::move(list));
  return rows;
}

}  // namespace aloft::api::admin
