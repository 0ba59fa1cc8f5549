// aloft audit verify, export, checkpoint: on a data directory or an export, without a server. tail, search: through
// one.

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <thread>

#include "app/cli/commands.h"
#include "app/cli/remote.h"
#include "app/config.h"
#include "foundation/base/bytes.h"
#include "foundation/base/random.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "foundation/kv/store.h"
#include "foundation/os/file.h"
#include "platform/audit/export.h"
#include "platform/audit/verify.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

constexpr const char* kLookup = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";

// Where the log is read from.
struct Source {
  std::string data, exported, postgres;
};

struct VerifyChoices {
  Source source;
  std::string checkpoint, public_key;
  bool as_json = false;
};

struct SearchChoices {
  std::string profile, user, name, service, resource, type, key, id, from, to;
  int limit = 50;
  bool changes = false, as_json = false;
};

void AddSource(CLI::App& command, Source& source, bool with_export) {
  AddDataOption(command, source.data);
  command.add_option("--postgres", source.postgres, "The PostgreSQL of the installation, where it has one");
  if (with_export) command.add_option("--export", source.exported, "A file that `aloft audit export` wrote");
}

std::unique_ptr<kv::Store> OpenStore(const Source& source) {
  if (!source.exported.empty()) {
    std::ifstream file(source.exported);
    if (!file) throw CommandFailed{Fail(kIoError, "cannot read " + source.exported)};
    return OrFail(audit::LoadExport([&](std::string& line) { return static_cast<bool>(std::getline(file, line)); }));
  }
  kv::Options options;
  Config config;
  config.data_directory = source.data;
  options.engine = source.postgres.empty() ? kv::Engine::kRocks : kv::Engine::kPostgres;
  options.path = config.kv_path();
  options.connection = source.postgres;
  options.read_only = true;
  if (source.postgres.empty() && !std::ifstream(options.path + "/CURRENT"))
    throw CommandFailed{
        Fail(kInvalidArgument, "There is no audit log at " + source.data +
                                   ".\n--data names the data directory of a server, or give --export or --postgres.")};
  return OrFail(kv::Store::Open(std::move(options), Log::Discard()));
}

// Whether the key that signs is the one that this installation's root of trust has sealed; absent where the root is not
// a file here.
std::optional<bool> KeyBelongsToRoot(kv::Store& store, const Source& source) {
  Config config;
  config.data_directory = config.shared_directory = source.data;
  const std::string path = config.keys_path() + "/root.key";
  if (!source.exported.empty() || !std::ifstream(path)) return std::nullopt;
  SystemRandom random;
  auto keyring = keys::Keyring::OpenFile(path, random);
  if (!keyring.ok()) return std::nullopt;
  for (const auto& [id, key] : OrFail(audit::LoadPublicKeys(store)))
    if (!OrFail(audit::BelongsTo(store, **keyring, id))) return false;
  return true;
}

void PrintJson(const audit::VerifyReport& report, const audit::PublicKeys& keys, std::optional<bool> rooted) {
  std::string text;
  codec::JsonWriter out(text);
  out.BeginObject().Key("intact").Bool(report.intact()).Key("found").Unsigned(report.found);
  out.Key("chains").Unsigned(report.chains).Key("blocks").Unsigned(report.blocks);
  out.Key("records").Unsigned(report.records).Key("checkpoints").Unsigned(report.checkpoints);
  out.Key("pending").Unsigned(report.pending);
  out.Key("keyBelongsToRoot");
  rooted ? out.Bool(*rooted) : out.Null();
  out.Key("publicKeys").BeginArray();
  for (const auto& [id, key] : keys) out.String(HexEncode(AsBytes(key)));
  out.EndArray().Key("findings").BeginArray();
  for (const auto& finding : report.findings) out.String(audit::Describe(finding));
  out.EndArray().Key("notes").BeginArray();
  for (const auto& note : report.notes) out.String(note);
  out.EndArray().EndObject();
  std::printf("%s\n", text.c_str());
}

void PrintText(const audit::VerifyReport& report, const audit::PublicKeys& keys, std::optional<bool> rooted) {
  for (const auto& finding : report.findings) std::printf("FOUND  %s\n", audit::Describe(finding).c_str());
  if (report.found > report.findings.size())
    std::printf("       and %llu more\n", static_cast<unsigned long long>(report.found - report.findings.size()));
  std::printf("%s: %llu records in %llu blocks of %llu chains, %llu checkpoints, %llu records pending\n",
              report.intact() ? "intact" : "NOT INTACT", static_cast<unsigned long long>(report.records),
              static_cast<unsigned long long>(report.blocks), static_cast<unsigned long long>(report.chains),
              static_cast<unsigned long long>(report.checkpoints), static_cast<unsigned long long>(report.pending));
  for (const auto& note : report.notes) std::printf("note: %s\n", note.c_str());
  for (const auto& [id, key] : keys) std::printf("signed by %s\n", HexEncode(AsBytes(key)).c_str());
  if (!rooted)
    std::printf("note: the signing key was not held against a root of trust; --public-key holds it against yours\n");
  else if (!*rooted)
    std::printf("FOUND  the signing key is not the one that this installation's root of trust sealed\n");
}

void Verify(const VerifyChoices& choices) {
  auto store = OpenStore(choices.source);
  audit::VerifyOptions options;
  if (!choices.public_key.empty()) {
    auto key = HexDecode(choices.public_key);
    if (!key || key->size() != 32)
      throw CommandFailed{Fail(kInvalidArgument, "--public-key takes 64 hexadecimal digits")};
    options.trusted[audit::KeyIdOf(*key)] = *key;
  }
  if (!choices.checkpoint.empty())
    options.known = OrFail(audit::Checkpoint::Decode(OrFail(os::ReadFile(choices.checkpoint))));
  audit::VerifyReport report = OrFail(audit::Verify(*store, options));
  audit::PublicKeys keys = options.trusted.empty() ? OrFail(audit::LoadPublicKeys(*store)) : options.trusted;
  std::optional<bool> rooted = options.trusted.empty() ? KeyBelongsToRoot(*store, choices.source) : true;
  choices.as_json ? PrintJson(report, keys, rooted) : PrintText(report, keys, rooted);
  std::fflush(stdout);
  if (!report.intact() || !rooted.value_or(true))
    throw CommandFailed{Fail(kCorrupt, "the audit log is not what was written")};
}

Time ParseTime(const std::string& text) {
  if (text.empty()) return Time{};
  auto time = codec::ParseIso8601(text);
  if (!time) throw CommandFailed{Fail(kInvalidArgument, "'" + text + "' is no time such as 2026-11-22T08:00:00Z")};
  return *time;
}

void Export(const Source& source, const std::string& from, const std::string& out) {
  auto store = OpenStore(source);
  std::ofstream file;
  if (!out.empty()) {
    file.open(out, std::ios::trunc);
    if (!file) throw CommandFailed{Fail(kIoError, "cannot write " + out)};
  }
  std::ostream& to = out.empty() ? std::cout : file;
  auto summary = OrFail(audit::Export(*store, ParseTime(from), [&](std::string_view line) -> aloft::Status {
    to << line << '\n';
    if (!to) return Fail(kIoError, "the export cannot be written");
    return {};
  }));
  to.flush();
  if (!to) throw CommandFailed{Fail(kIoError, "the export cannot be written")};
  std::fprintf(stderr, "%llu records in %llu blocks\n", static_cast<unsigned long long>(summary.records),
               static_cast<unsigned long long>(summary.blocks));
}

void PrintCheckpoint(const Source& source) {
  auto store = OpenStore(source);
  kv::ScanRange newest;
  newest.limit = 1;
  newest.reverse = true;
  auto page = OrFail(store->Scan(audit::kCheckpoints, newest));
  if (page.entries.empty())
    throw CommandFailed{Fail(kUnavailable, "There is no checkpoint yet: the server signs one each minute.")};
  std::printf("%s\n", page.entries[0].value.c_str());
}

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
  if (!choices.from.empty()) request["StartTime"] = codec::ToEpochSeconds(ParseTime(choices.from));
  if (!choices.to.empty()) request["EndTime"] = codec::ToEpochSeconds(ParseTime(choices.to));
  return request;
}

void Search(const SearchChoices& choices) {
  auto remote = OrFail(Remote::Connect(OrFail(LoadProfile(choices.profile))));
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
  auto remote = OrFail(Remote::Connect(OrFail(LoadProfile(choices.profile))));
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

void AddVerify(CLI::App& audit) {
  auto choices = std::make_shared<VerifyChoices>();
  auto* command = audit.add_subcommand("verify", "Prove that no record was changed, swapped, cut or inserted");
  AddSource(*command, choices->source, true);
  command->add_option("--checkpoint", choices->checkpoint,
                      "A checkpoint kept elsewhere (`aloft audit checkpoint`): finds a log that was rolled back");
  command->add_option("--public-key", choices->public_key, "The signing key that you know, in hexadecimal");
  command->add_flag("--json", choices->as_json, "As JSON");
  command->footer(
      "Needs no server and changes nothing; works beside a running one. Ends with 1 where something is found.\n"
      "Examples:\n"
      "  aloft audit verify --data /srv/aloft\n"
      "  aloft audit verify --export audit.jsonl --checkpoint checkpoint-2026-11.txt\n"
      "  aloft audit verify --postgres 'host=db dbname=aloft' --public-key 3d4017c3e843895a...");
  command->callback([choices] { Verify(*choices); });
}

void AddExport(CLI::App& audit) {
  auto source = std::make_shared<Source>();
  auto from = std::make_shared<std::string>(), out = std::make_shared<std::string>();
  auto* command = audit.add_subcommand("export", "Write the log as JSON lines that can still be verified");
  AddSource(*command, *source, false);
  command->add_option("--from", *from, "Begin with the first block at or after this time (default: all)");
  command->add_option("--out", *out, "The file to write (default: standard output)");
  command->footer(
      "Examples:\n"
      "  aloft audit export --out audit.jsonl\n"
      "  aloft audit export --from 2026-11-01T00:00:00Z | zstd > november.jsonl.zst");
  command->callback([=] { Export(*source, *from, *out); });
}

void AddCheckpoint(CLI::App& audit) {
  auto source = std::make_shared<Source>();
  auto* command = audit.add_subcommand("checkpoint", "Print the newest signed checkpoint, to be kept elsewhere");
  AddSource(*command, *source, false);
  command->footer("Example:\n  aloft audit checkpoint > checkpoint-$(date +%F).txt");
  command->callback([source] { PrintCheckpoint(*source); });
}

void AddSearch(CLI::App& audit) {
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

void AddTail(CLI::App& audit) {
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

}  // namespace

void AddAudit(CLI::App& app) {
  auto* command = app.add_subcommand("audit", "Look into the audit log, export it, prove it");
  command->require_subcommand(1);
  command->footer("Examples:\n  aloft audit tail\n  aloft audit search --user alice\n  aloft audit verify");
  AddVerify(*command);
  AddExport(*command);
  AddCheckpoint(*command);
  AddTail(*command);
  AddSearch(*command);
}

}  // namespace aloft::app
