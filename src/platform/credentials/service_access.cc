#include "platform/credentials/service_access.h"

#include <boost/json/value.hpp>
#include <set>

#include "foundation/codec/json.h"
#include "platform/directory/common.h"
#include "platform/directory/last_use.h"

namespace aloft::credentials {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace json = boost::json;

namespace {

struct KnownService {
  const char* space;
  const char* name;
};
// What this cloud has, or is going to have, of AWS's services.
constexpr KnownService kServices[] = {{"athena", "Amazon Athena"},
                                      {"cloudtrail", "AWS CloudTrail"},
                                      {"cloudwatch", "Amazon CloudWatch"},
                                      {"dynamodb", "Amazon DynamoDB"},
                                      {"ecr", "Amazon Elastic Container Registry"},
                                      {"events", "Amazon EventBridge"},
                                      {"glue", "AWS Glue"},
                                      {"iam", "AWS Identity and Access Management"},
                                      {"kms", "AWS Key Management Service"},
                                      {"lambda", "AWS Lambda"},
                                      {"logs", "Amazon CloudWatch Logs"},
                                      {"organizations", "AWS Organizations"},
                                      {"s3", "Amazon S3"},
                                      {"sagemaker", "Amazon SageMaker"},
                                      {"sns", "Amazon SNS"},
                                      {"sqs", "Amazon SQS"},
                                      {"states", "AWS Step Functions"},
                                      {"sts", "AWS Security Token Service"}};

// The services that the Allow statements of a document name. One with NotAction may name any.
void AddServices(const std::string& document, std::set<std::string>& out) {
  const auto parsed = codec::ParseJson(document);
  if (!parsed.ok() || !parsed->is_object()) return;
  const auto add = [&](const json::value& action) {
    if (!action.is_string()) return;
    const std::string text(action.as_string());
    const std::string prefix = ToLower(text.substr(0, text.find(':')));
    for (const KnownService& service : kServices)
      if (MatchesWildcard(prefix, service.space)) out.insert(service.space);
  };
  const auto each = [](const json::value& value, const auto& visit) {
    if (value.is_array())
      for (const json::value& item : value.as_array()) visit(item);
    else
      visit(value);
  };
  const json::value* statements = parsed->as_object().if_contains("Statement");
  if (statements == nullptr) return;
  each(*statements, [&](const json::value& statement) {
    if (!statement.is_object()) return;
    const json::object& object = statement.as_object();
    if (const json::value* effect = object.if_contains("Effect"); effect == nullptr || *effect != "Allow") return;
    if (const json::value* actions = object.if_contains("Action")) each(*actions, add);
    if (object.contains("NotAction"))
      for (const KnownService& service : kServices) out.insert(service.space);
  });
}

Status AddServicesOf(sql::Reader& reader, const Entity& owner, std::set<std::string>& out) {
  ALOFT_ASSIGN(const auto inlined, records::ListInline(reader, owner));
  for (const auto& [name, document] : inlined) AddServices(document, out);
  ALOFT_ASSIGN(const auto attached, records::ListAttached(reader, owner));
  for (const std::string& arn : attached) {
    ALOFT_ASSIGN(const auto document, ManagedDocument(reader, owner.account, arn));
    if (document) AddServices(*document, out);
  }
  if (owner.kind != EntityKind::kUser) return {};
  ALOFT_ASSIGN(const auto groups, records::ListGroupsOf(reader, owner));
  for (const Entity& group : groups) ALOFT_TRY(AddServicesOf(reader, group, out));
  return {};
}

// Whose use counts, and what they may use through the entity.
struct Subject {
  std::vector<Entity> principals;
  std::set<std::string> services;
};

Result<Subject> FindSubject(sql::Reader& reader, const AccountId& account, const std::string& arn) {
  Subject out;
  for (const EntityKind kind : {EntityKind::kUser, EntityKind::kRole, EntityKind::kGroup}) {
    const auto name = ParseEntityArn(arn, kind);
    if (!name || name->account != account) continue;
    ALOFT_ASSIGN(const Entity entity, directory::Require(reader, account, kind, name->name));
    ALOFT_TRY(AddServicesOf(reader, entity, out.services));
    out.principals = {entity};
    if (kind == EntityKind::kGroup) {
      ALOFT_ASSIGN(out.principals, records::ListMembers(reader, entity));
    }
    return out;
  }
  ALOFT_ASSIGN(const auto document, ManagedDocument(reader, account, arn));
  if (!document) return Fail(kNoSuchEntity, "The entity " + arn + " cannot be found.");
  AddServices(*document, out.services);
  ALOFT_ASSIGN(const auto holders, records::ListHolders(reader, account, arn));
  for (const auto& [kind, name] : holders) {
    ALOFT_ASSIGN(const Entity holder, directory::Require(reader, account, kind, name));
    if (kind != EntityKind::kGroup) {
      out.principals.push_back(holder);
      continue;
    }
    ALOFT_ASSIGN(const auto members, records::ListMembers(reader, holder));
    out.principals.insert(out.principals.end(), members.begin(), members.end());
  }
  return out;
}

}  // namespace

Result<std::vector<ServiceAccess>> AccessOf(sql::Reader& reader, const AccountId& account, const std::string& arn) {
  ALOFT_ASSIGN(const Subject subject, FindSubject(reader, account, arn));
  std::vector<ServiceAccess> out;
  for (const KnownService& service : kServices)
    if (subject.services.contains(service.space)) out.push_back({.service = service.space, .name = service.name});
  for (const Entity& principal : subject.principals) {
    ALOFT_ASSIGN(const auto uses, directory::ListUses(reader, account, principal.id));
    for (const directory::Use& use : uses)
      for (ServiceAccess& access : out) {
        if (access.service != use.service) continue;
        ++access.entities;
        if (use.when <= access.when) continue;
        access.when = use.when;
        access.entity = principal.Arn();
        access.region = use.region;
      }
  }
  return out;
}

std::string EncodeAccess(const std::vector<ServiceAccess>& access) {
  std::string out;
  codec::JsonWriter writer(out);
  writer.BeginArray();
  for (const ServiceAccess& each : access)
    writer.BeginObject()
        .Key("service")
        .String(each.service)
        .Key("name")
        .String(each.name)
        .Key("entities")
        .Int(each.entities)
        .Key("entity")
        .String(each.entity)
        .Key("region")
        .String(each.region)
        .Key("when")
        .Int(ToMicros(each.when))
        .EndObject();
  writer.EndArray();
  return out;
}

Result<std::vector<ServiceAccess>> DecodeAccess(std::string_view text) {
  ALOFT_ASSIGN(const json::value parsed, codec::ParseJson(text));
  std::vector<ServiceAccess> out;
  if (!parsed.is_array()) return Fail(kCorrupt, "a report is damaged", "no array");
  for (const json::value& each : parsed.as_array()) {
    if (!each.is_object()) return Fail(kCorrupt, "a report is damaged", "no object");
    const json::object& object = each.as_object();
    const auto member = [&](const char* name) {
      const json::value* value = object.if_contains(name);
      return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
    };
    const auto number = [&](const char* name) -> std::int64_t {
      const json::value* value = object.if_contains(name);
      return value != nullptr && value->is_int64() ? value->as_int64() : 0;
    };
    out.push_back({.service = member("service"),
                   .name = member("name"),
                   .entities = static_cast<std::int32_t>(number("entities")),
                   .entity = member("entity"),
                   .region = member("region"),
                   .when = FromMicros(number("when"))});
  }
  return out;
}

}  // namespace aloft::credentials
