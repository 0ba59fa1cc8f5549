// What an administrator can ask the server's APIs: IAM, S3 and CloudTrail.
#include <boost/json.hpp>
#include <chrono>

#include "app/cli/compliance.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "foundation/codec/xml.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

constexpr std::chrono::hours kUnusedAfter{24 * 90};
constexpr const char* kTrails = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.";

const codec::XmlElement& At(const codec::XmlElement& element, std::initializer_list<std::string_view> path) {
  static const codec::XmlElement kNothing;
  const codec::XmlElement* at = &element;
  for (std::string_view name : path)
    if ((at = at->Child(name)) == nullptr) return kNothing;
  return *at;
}

// A member's members, where it is a list; nothing where it is absent.
const json::array& List(const json::value& object, std::string_view name) {
  static const json::array kNothing;
  const json::value* member = object.is_object() ? object.as_object().if_contains(name) : nullptr;
  return member != nullptr && member->is_array() ? member->as_array() : kNothing;
}
std::string Text(const json::value& object, std::string_view name) {
  const json::value* member = object.is_object() ? object.as_object().if_contains(name) : nullptr;
  return member != nullptr && member->is_string() ? std::string(member->as_string()) : std::string();
}

// Whose reads a trail's selectors ask for, as ARNs; empty: nobody's. Writes alone are no answer to who has seen what.
std::string ReadsOfObjects(const json::value& selectors) {
  std::string out;
  const auto add = [&](const json::array& arns) {
    for (const json::value& arn : arns) out += (out.empty() ? "" : ", ") + std::string(arn.as_string());
  };
  for (const json::value& each : List(selectors, "EventSelectors")) {
    if (Text(each, "ReadWriteType") == "WriteOnly") continue;
    for (const json::value& resource : List(each, "DataResources"))
      if (Text(resource, "Type") == "AWS::S3::Object") add(List(resource, "Values"));
  }
  for (const json::value& each : List(selectors, "AdvancedEventSelectors")) {
    bool objects = false, reads = true, named = false;
    for (const json::value& field : List(each, "FieldSelectors")) {
      const std::string name = Text(field, "Field"), values = codec::WriteJson(List(field, "Equals"));
      if (name == "resources.type") objects = values.find("AWS::S3::Object") != std::string::npos;
      if (name == "readOnly") reads = values.find("true") != std::string::npos;
      named = named || name == "resources.ARN";
    }
    if (!objects || !reads) continue;
    if (!named) out += std::string(out.empty() ? "" : ", ") + "all";
    for (const json::value& field : List(each, "FieldSelectors"))
      if (Text(field, "Field") == "resources.ARN") {
        add(List(field, "Equals"));
        add(List(field, "StartsWith"));
      }
  }
  return out;
}

class Account {
 public:
  Account(Remote& remote, Time now, Checks& checks) : remote_(remote), now_(now), checks_(checks) {}

  void Look() {
    Users();
    PasswordPolicy();
    Buckets();
    Trails();
  }

 private:
  void Unknown(const char* id, const std::string& looked_at, const Error& error) {
    checks_[id] = {CheckState::kNotChecked, looked_at, "could not be looked at: " + error.message};
  }

  Result<codec::XmlElement> Iam(const std::string& form) {
    ALOFT_ASSIGN(std::string answer, remote_.Query("iam", "Version=2010-05-08&" + form));
    return codec::ParseXml(answer);
  }

  void Users() {
    const std::string looked = "IAM: ListUsers, ListAccessKeys, GetAccessKeyLastUsed, ListMFADevices";
    auto listed = Iam("Action=ListUsers&MaxItems=1000");
    if (listed.ok() && At(*listed, {"ListUsersResult"}).ChildText("IsTruncated") == "true")
      listed = Fail(kInvalidArgument, "there are more than 1000 users");
    if (!listed.ok()) {
      for (const char* id : {"users-own-keys", "unused-keys", "mfa"}) Unknown(id, looked, listed.error());
      return;
    }
    std::size_t users = 0;
    std::string shared, unused, without;
    bool factors_known = true;
    for (const auto& user : At(*listed, {"ListUsersResult", "Users"}).children) {
      ++users;
      std::string name(user.ChildText("UserName"));
      auto keys = Iam("Action=ListAccessKeys&UserName=" + name);
      if (!keys.ok()) return Unknown("unused-keys", looked, keys.error());
      std::size_t active = 0;
      for (const auto& key : At(*keys, {"ListAccessKeysResult", "AccessKeyMetadata"}).children) {
        if (key.ChildText("Status") != "Active") continue;
        ++active;
        if (IsUnused(key)) unused += " " + std::string(key.ChildText("AccessKeyId")) + " (" + name + ")";
      }
      if (active > 1) shared += " " + name;
      auto devices = Iam("Action=ListMFADevices&UserName=" + name);
      factors_known = factors_known && devices.ok();
      if (devices.ok() && At(*devices, {"ListMFADevicesResult", "MFADevices"}).children.empty()) without += " " + name;
    }
    std::string many = std::to_string(users) + " users";
    checks_["users-own-keys"] = {
        shared.empty() ? CheckState::kMet : CheckState::kNotMet, looked,
        shared.empty() ? many + ", none with more than one active key" : "more than one active key:" + shared};
    checks_["unused-keys"] = {
        unused.empty() ? CheckState::kMet : CheckState::kNotMet, looked,
        unused.empty() ? "no active key is without use for 90 days" : "without use for 90 days:" + unused};
    checks_["mfa"] =
        factors_known ? Check{without.empty() ? CheckState::kMet : CheckState::kNotMet, looked,
                              without.empty() ? "every user has a second factor" : "without a second factor:" + without}
                      : Check{CheckState::kNotChecked, looked, "the server does not list second factors"};
    auto summary = Iam("Action=GetAccountSummary");
    if (!summary.ok()) return Unknown("root-keys", "IAM: GetAccountSummary", summary.error());
    for (const auto& entry : At(*summary, {"GetAccountSummaryResult", "SummaryMap"}).children)
      if (entry.ChildText("key") == "AccountAccessKeysPresent") {
        bool none = entry.ChildText("value") == "0";
        checks_["root-keys"] = {none ? CheckState::kMet : CheckState::kNotMet, "IAM: GetAccountSummary",
                                none ? "the account's root has no access key" : "the account's root has an access key"};
      }
  }

  bool IsUnused(const codec::XmlElement& key) {
    auto created = codec::ParseIso8601(key.ChildText("CreateDate"));
    if (created && now_ - *created < kUnusedAfter) return false;
    auto last = Iam("Action=GetAccessKeyLastUsed&AccessKeyId=" + std::string(key.ChildText("AccessKeyId")));
    if (!last.ok()) return false;
    auto used =
        codec::ParseIso8601(At(*last, {"GetAccessKeyLastUsedResult", "AccessKeyLastUsed"}).ChildText("LastUsedDate"));
    return !used || now_ - *used >= kUnusedAfter;
  }

  void PasswordPolicy() {
    const std::string looked = "IAM: GetAccountPasswordPolicy";
    auto policy = Iam("Action=GetAccountPasswordPolicy");
    if (!policy.ok()) {
      bool none = policy.error().message.find("NoSuchEntity") != std::string::npos;
      checks_["password-policy"] = none ? Check{CheckState::kNotMet, looked, "no password policy is set"}
                                        : Check{CheckState::kNotChecked, looked, policy.error().message};
      return;
    }
    std::string length(
        At(*policy, {"GetAccountPasswordPolicyResult", "PasswordPolicy"}).ChildText("MinimumPasswordLength"));
    bool long_enough = std::atoi(length.c_str()) >= 12;
    checks_["password-policy"] = {long_enough ? CheckState::kMet : CheckState::kNotMet, looked,
                                  "passwords have at least " + length + " characters"};
  }

  void Buckets() {
    const std::string looked = "S3: ListBuckets, GetBucketPolicyStatus of each";
    auto listed = remote_.Get("s3", "/");
    if (!listed.ok()) return Unknown("public-buckets", looked, listed.error());
    auto root = codec::ParseXml(*listed);
    if (!root.ok()) return Unknown("public-buckets", looked, root.error());
    std::string open;
    std::size_t count = 0, unknown = 0;
    for (const auto& bucket : At(*root, {"Buckets"}).children) {
      ++count;
      std::string name(bucket.ChildText("Name"));
      auto status = remote_.Get("s3", "/" + name + "?policyStatus=");
      if (!status.ok()) {
        unknown += status.error().message.find("NoSuchBucketPolicy") == std::string::npos ? 1 : 0;
      } else if (auto parsed = codec::ParseXml(*status);
                 parsed.ok() && ToLower(parsed->ChildText("IsPublic")) == "true") {
        open += " " + name;
      }
    }
    CheckState state = !open.empty() ? CheckState::kNotMet : unknown > 0 ? CheckState::kNotChecked : CheckState::kMet;
    checks_["public-buckets"] = {state, looked,
                                 !open.empty() ? "anybody may use:" + open
                                 : unknown > 0 ? std::to_string(unknown) + " of " + std::to_string(count) +
                                                     " buckets do not say whether they are public"
                                               : "none of " + std::to_string(count) + " buckets has a public policy"};
  }

  void Trails() {
    const std::string looked = "CloudTrail: DescribeTrails, GetTrailStatus, GetEventSelectors";
    auto listed = remote_.Json("cloudtrail", std::string(kTrails) + "DescribeTrails", json::object());
    if (!listed.ok()) {
      Unknown("trail", looked, listed.error());
      return Unknown("data-events", looked, listed.error());
    }
    std::string logging, objects;
    for (const auto& each : listed->as_object().at("trailList").as_array()) {
      std::string name(each.as_object().at("TrailARN").as_string());
      auto status = remote_.Json("cloudtrail", std::string(kTrails) + "GetTrailStatus", json::object{{"Name", name}});
      if (!status.ok()) {
        Unknown("trail", looked, status.error());
        return Unknown("data-events", looked, status.error());
      }
      if (!status->as_object().at("IsLogging").as_bool()) continue;
      logging += " " + name + " to " + std::string(each.as_object().at("S3BucketName").as_string());
      auto selectors =
          remote_.Json("cloudtrail", std::string(kTrails) + "GetEventSelectors", json::object{{"TrailName", name}});
      if (!selectors.ok()) return Unknown("data-events", looked, selectors.error());
      const std::string read = ReadsOfObjects(*selectors);
      if (!read.empty()) objects += " " + name + " (" + read + ")";
    }
    checks_["trail"] = {logging.empty() ? CheckState::kNotMet : CheckState::kMet, looked,
                        logging.empty() ? "no trail delivers the log to a bucket" : "delivered by" + logging};
    checks_["data-events"] = {
        objects.empty() ? CheckState::kNotMet : CheckState::kMet, looked,
        objects.empty() ? "no trail asks for reads of objects" : "reads of objects are asked for by" + objects};
  }

  Remote& remote_;
  const Time now_;
  Checks& checks_;
};

}  // namespace

void LookAtAccount(Remote& remote, Time now, Checks& checks) {
  Account(remote, now, checks).Look();
}

}  // namespace aloft::app
