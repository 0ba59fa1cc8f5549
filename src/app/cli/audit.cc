// aloft audit verify, export, checkpoint: on a data directory or an export, without a server.

#include <cstdio>
#include <fstream>
#include <iostream>

#include "app/cli/audit_search.h"
#include "app/cli/commands.h"
#include "app/config.h"
#include "foundation/base/bytes.h"
#include "foundation/base/random.h"
#include "foundation/codec/json.h"
#include "foundation/kv/store.h"
#include "foundation/os/file.h"
#include "platform/audit/export.h"
#include "platform/audit/verify.h"

namespace aloft::app {
namespace {

// Where the log is read from.
struct Source {
  std::string data, exported, postgres;
};

struct VerifyChoices {
  Source source;
  std::string checkpoint, public_key;
  bool as_json = false;
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

void Export(const Source& source, const std::string& from, const std::string& out) {
  auto store = OpenStore(source);
  std::ofstream file;
  if (!out.empty()) {
    file.open(out, std::ios::trunc);
    if (!file) throw CommandFailed{Fail(kIoError, "cannot write " + out)};
  }
  std::ostream& to = out.empty() ? std::cout : file;
  auto summary = OrFail(audit::Export(*store, ParseAuditTime(from), [&](std::string_view line) -> aloft::Status {
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

}  // namespace

void AddAudit(CLI::App& app) {
  auto* command = app.add_subcommand("audit", "Look into the audit log, export it, prove it");
  command->require_subcommand(1);
  command->footer("Examples:\n  aloft audit tail\n  aloft audit search --user alice\n  aloft audit verify");
  AddVerify(*command);
  AddExport(*command);
  AddCheckpoint(*command);
  AddAuditTail(*command);
  AddAuditSearch(*command);
}

}  // namespace aloft::app
