// aloft audit search, tail: through a server, by CloudTrail's LookupEvents.
#include "app/cli/audit_search.h"

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <set>
#include <thread>
#include <vector>

#include "app/cli/commands.h"
#include "app/cli/remote.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

constexpr const char* kLookup = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";

struct SearchChoices {
  std::string profile, user, name, service, resource, type, key, id, from, to;
  int limit = 50;
  bool changes = false, as_json = false;
};

// One line for people: when, who, what, on what, how it ended.
std::string Summary(const json::object& event) {
  const json::object empty;
  auto object = [&](const char* name) -> const json::object& {
    const auto* member = event.if_contains(name);
    return member != nullptr && member->is_object() ? member->as_object() : empty;
  };
  const json::object& who = object("userIdentity");
  std::string caller = Text(who, "userName");
  if (caller.empty()) caller = Text(who, "arn").substr(Text(who, "arn").find_last_of('/') + 1);
  if (caller.empty()) caller = Text(who, "accessKeyId").empty() ? "anonymous" : Text(who, "accessKeyId") + "?";
  std::string source = Text(event, "eventSource");
  std::string resource;
  if (const auto* list = event.if_contains("resources");
      list != nullptr && list->is_array() && !list->as_array().empty() && list->as_array()[0].is_object())
    resource = Text(list->as_array()[0].as_object(), "ARN");
  std::string end = Text(event, "errorCode");
  std::string refused = Text(object("additionalEventData"), "refusedBy");
  if (!refused.empty()) end += " by " + refused;
  char line[512];
  std::snprintf(line, sizeof line, "%s  %-20s %-15s %-34s %s", Text(event, "eventTime").c_str(), caller.c_str(),
                Text(event, "sourceIPAddress").c_str(),
                (source.substr(0, source.find('.')) + ":" + Text(event, "eventName")).c_str(), resource.c_str());
  return std::string(line) + (end.empty() ? "" : "  " + end);
}

void PrintEvent(const json::object& found, bool as_json) {
  std::string text = Text(found, "CloudTrailEvent");
  if (as_json) {
    std::printf("%s\n", text.c_str());
    return;
  }
  json::value event = OrFail(codec::ParseJson(text));
  std::printf("%s\n", Summary(event.as_object()).c_str());
}

json::object AttributeOf(const SearchChoices& choices) {
  const std::pair<const char*, const std::string*> given[] = {
      {"Username", &choices.user},       {"EventName", &choices.name},
      {"EventSource", &choices.service}, {"ResourceName", &choices.resource},
      {"ResourceType", &choices.type},   {"AccessKeyId", &choices.key},
      {"EventId", &choices.id}};
  json::array attributes;
  for (const auto& [name, value] : given)
    if (!value->empty()) attributes.push_back(json::object{{"AttributeKey", name}, {"AttributeValue", *value}});
  if (choices.changes) attributes.push_back(json::object{{"AttributeKey", "ReadOnly"}, {"AttributeValue", "false"}});
  if (attributes.size() > 1) throw CommandFailed{Fail(kInvalidArgument, "search takes one attribute at a time")};
  json::object request{{"MaxResults", 50}};
  if (!attributes.empty()) request["LookupAttributes"] = attributes;
  if (!choices.from.empty()) request["StartTime"] = codec::ToEpochSeconds(ParseAuditTime(choices.from));
  if (!choices.to.empty()) request["EndTime"] = codec::ToEpochSeconds(ParseAuditTime(choices.to));
  return request;
}

void Search(const SearchChoices& choices) {
  auto remote = Connect(choices.profile);
  json::object request = AttributeOf(choices);
  for (int shown = 0; shown < choices.limit;) {
    json::value page = OrFail(remote->Json("cloudtrail", kLookup, request));
    for (const auto& event : page.as_object().at("Events").as_array()) {
      if (shown++ >= choices.limit) return;
      PrintEvent(event.as_object(), choices.as_json);
    }
    std::string token = Text(page.as_object(), "NextToken");
    if (token.empty()) return;
    request["NextToken"] = token;
  }
}

// The last events, oldest first, then new ones as they come. Its own questions are left out.
void Tail(const SearchChoices& choices, bool once) {
  auto remote = Connect(choices.profile);
  std::set<std::string> seen;
  bool first = true;
  while (true) {
    json::object request{{"MaxResults", 50}};
    json::value page = OrFail(remote->Json("cloudtrail", kLookup, request));
    std::vector<json::object> news;
    std::set<std::string> now;
    for (const auto& event : page.as_object().at("Events").as_array()) {
      const auto& object = event.as_object();
      now.insert(Text(object, "EventId"));
      if (seen.contains(Text(object, "EventId")) || Text(object, "EventName") == "LookupEvents") continue;
      if (first && static_cast<int>(news.size()) >= choices.limit) continue;
      news.push_back(object);
    }
    for (auto each = news.rbegin(); each != news.rend(); ++each) PrintEvent(*each, choices.as_json);
    std::fflush(stdout);
    seen.insert(now.begin(), now.end());
    if (seen.size() > 10'000) seen = std::move(now);
    first = false;
    if (once) return;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace

Time ParseAuditTime(const std::string& text) {
  if (text.empty()) return Time{};
  auto time = codec::ParseIso8601(text);
  if (!time) throw CommandFailed{Fail(kInvalidArgument, "'" + text + "' is no time such as 2026-11-22T08:00:00Z")};
  return *time;
}

void AddAuditSearch(CLI::App& audit) {
  auto choices = std::make_shared<SearchChoices>();
  auto* command = audit.add_subcommand("search", "Find management events, newest first, by one attribute");
  AddProfileOption(*command, choices->profile);
  command->add_option("--user", choices->user, "Who: a user's or a session's name");
  command->add_option("--name", choices->name, "What: CreateUser");
  command->add_option("--source", choices->service, "Of which service: iam.amazonaws.com");
  command->add_option("--resource", choices->resource, "On what: a name or an ARN");
  command->add_option("--type", choices->type, "On what kind: AWS::IAM::User");
  command->add_option("--key", choices->key, "With which access key");
  command->add_option("--id", choices->id, "The event's id");
  command->add_flag("--changes", choices->changes, "Changes only, no reads");
  command->add_option("--from", choices->from, "Not before this time");
  command->add_option("--to", choices->to, "Not after this time");
  command->add_option("--limit", choices->limit, "How many at most")->capture_default_str();
  command->add_flag("--json", choices->as_json, "Whole events, one per line");
  command->footer(
      "Examples:\n"
      "  aloft audit search --user alice --from 2026-11-22T00:00:00Z\n"
      "  aloft audit search --name DeleteBucket --json\n"
      "Data events are in the files of trails and in `aloft audit export`.");
  command->callback([choices] { Search(*choices); });
}

void AddAuditTail(CLI::App& audit) {
  auto choices = std::make_shared<SearchChoices>();
  auto once = std::make_shared<bool>(false);
  choices->limit = 10;
  auto* command = audit.add_subcommand("tail", "Show the last management events, and new ones as they come");
  AddProfileOption(*command, choices->profile);
  command->add_option("--lines", choices->limit, "How many to begin with")
      ->capture_default_str()
      ->check(CLI::Range(0, 50));
  command->add_flag("--once", *once, "Do not wait for new ones");
  command->add_flag("--json", choices->as_json, "Whole events, one per line");
  command->footer("Examples:\n  aloft audit tail\n  aloft audit tail --lines 50 --once --json");
  command->callback([=] { Tail(*choices, *once); });
}

}  // namespace aloft::app
