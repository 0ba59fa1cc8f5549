// aloft compliance report: looks at a running installation as its administrator does, and at its data directory.
#include <sys/stat.h>

#include <boost/json.hpp>
#include <cstdio>
#include <fstream>

#include "app/cli/commands.h"
#include "app/cli/compliance.h"
#include "app/cli/remote.h"
#include "app/cli/subprocess.h"
#include "app/config.h"
#include "foundation/base/bytes.h"
#include "foundation/base/random.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "foundation/kv/store.h"
#include "platform/audit/verify.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

struct Choices {
  std::string profile, data, controls = "hipaa", format = "html", out;
};

class Collector {
 public:
  Collector(Remote& remote, const Choices& choices, Time now) : remote_(remote), choices_(choices), now_(now) {}

  Checks Run(ReportHead& head) {
    Status(head);
    Tls(head);
    LookAtAccount(remote_, now_, checks_);
    Audit(head);
    RootOfTrust();
    checks_["backup"] = {CheckState::kNotChecked, "", "Aloft does not know where your copies are"};
    return std::move(checks_);
  }

 private:
  void Unknown(const char* id, const std::string& looked_at, const Error& error) {
    checks_[id] = {CheckState::kNotChecked, looked_at, "could not be looked at: " + error.message};
  }

  void Status(ReportHead& head) {
    auto answer = remote_.Own("GetStatus", json::object());
    if (!answer.ok()) throw CommandFailed{answer.error()};
    const auto& status = answer->as_object();
    auto text = [&](const char* name) {
      const auto* member = status.if_contains(name);
      return member != nullptr && member->is_string() ? std::string(member->as_string()) : std::string();
    };
    head.server = text("Url");
    head.account = text("Account");
    head.region = text("Region");
    head.version = text("Version");
    const auto* days = status.if_contains("AuditRetentionDays");
    if (days != nullptr && days->is_int64()) {
      std::int64_t kept = days->as_int64();
      auto state = [&](std::int64_t needed) {
        return kept == 0 || kept >= needed ? CheckState::kMet : CheckState::kNotMet;
      };
      std::string found =
          kept == 0 ? "records are kept for ever" : "records are kept for " + std::to_string(kept) + " days";
      checks_["retention-6-years"] = {state(2191), "the server's audit_retention_days", found};
      checks_["retention-1-year"] = {state(365), "the server's audit_retention_days", found};
    }
    const auto* rest = status.if_contains("EncryptionAtRest");
    if (rest != nullptr && rest->is_string()) {
      bool on = rest->as_string() == "aes";
      checks_["encryption-at-rest"] = {on ? CheckState::kMet : CheckState::kNotMet, "the server's encryption.at_rest",
                                       on ? "new objects are encrypted with AES-256-GCM" : "objects are not encrypted"};
    }
  }

  // What a client that insists on a version hears; empty where it could not ask.
  static std::string Handshake(const std::string& place, const std::vector<std::string>& version) {
    std::vector<std::string> command = {"openssl", "s_client", "-connect", place};
    command.insert(command.end(), version.begin(), version.end());
    // It ends with 1 where there was no handshake, and says so; its input is empty, so it ends at once.
    std::vector<std::string> shell = {"sh", "-c", "\"$@\" </dev/null 2>&1; true", "sh"};
    shell.insert(shell.end(), command.begin(), command.end());
    auto out = RunAndCapture(shell);
    return out.ok() ? *out : std::string();
  }

  void Tls(const ReportHead& head) {
    bool tls = head.server.starts_with("https://");
    checks_["tls-only"] = {tls ? CheckState::kMet : CheckState::kNotMet, head.server,
                           tls ? "the server speaks nothing but TLS on its port" : "the server speaks plain HTTP"};
    if (!tls) {
      checks_["tls-versions"] = {CheckState::kNotMet, head.server, "there is no TLS"};
      return;
    }
    std::string place = head.server.substr(8, head.server.find('/', 8) - 8);
    std::string old = Handshake(place, {"-tls1_1", "-cipher", "ALL:@SECLEVEL=0"}),
                twelve = Handshake(place, {"-tls1_2"}), thirteen = Handshake(place, {"-tls1_3"});
    std::string looked = "handshakes of `openssl s_client` with " + place;
    auto agreed = [](const std::string& answer) { return answer.find("Cipher is (NONE)") == std::string::npos; };
    if (twelve.find("Cipher is") == std::string::npos || old.find("Cipher is") == std::string::npos) {
      checks_["tls-versions"] = {CheckState::kNotChecked, looked,
                                 "no handshake could be tried (is openssl installed?)"};
      return;
    }
    bool good = !agreed(old) && (agreed(twelve) || agreed(thirteen));
    checks_["tls-versions"] = {good ? CheckState::kMet : CheckState::kNotMet, looked,
                               std::string("TLS 1.1 ") + (agreed(old) ? "accepted" : "refused") + ", 1.2 " +
                                   (agreed(twelve) ? "accepted" : "refused") + ", 1.3 " +
                                   (agreed(thirteen) ? "accepted" : "refused")};
  }

  void Audit(ReportHead& head) {
    Config config;
    config.data_directory = choices_.data;
    kv::Options options;
    options.path = config.kv_path();
    options.read_only = true;
    const std::string looked = "`aloft audit verify` on " + choices_.data;
    auto store = kv::Store::Open(std::move(options), Log::Discard());
    if (!store.ok()) {
      for (const char* id : {"audit-intact", "audit-key", "audit-current"}) Unknown(id, looked, store.error());
      return;
    }
    auto report = audit::Verify(**store);
    if (!report.ok()) return Unknown("audit-intact", looked, report.error());
    head.checkpoint = report->last_checkpoint;
    const CheckState whole = report->blocks == 0 ? CheckState::kNotChecked : CheckState::kMet;
    checks_["audit-intact"] = {report->intact() ? whole : CheckState::kNotMet, looked,
                               report->intact()
                                   ? std::to_string(report->records) + " records in " + std::to_string(report->blocks) +
                                         " blocks are as they were written"
                                   : audit::Describe(report->findings[0])};
    auto checkpoint = audit::Checkpoint::Decode(report->last_checkpoint);
    if (checkpoint.ok()) {
      bool fresh = now_ - checkpoint->at < std::chrono::hours(24);
      checks_["audit-current"] = {fresh ? CheckState::kMet : CheckState::kNotMet, looked,
                                  "the newest checkpoint was signed at " + codec::FormatIso8601(checkpoint->at)};
    } else {
      checks_["audit-current"] = {CheckState::kNotChecked, looked, "there is no checkpoint yet"};
    }
    KeyOfRoot(**store);
  }

  void KeyOfRoot(kv::Store& store) {
    Config config;
    config.shared_directory = choices_.data;
    const std::string path = config.keys_path() + "/root.key";
    if (!std::ifstream(path)) return;
    SystemRandom random;
    auto keyring = keys::Keyring::OpenFile(path, random);
    auto keys = audit::LoadPublicKeys(store);
    if (!keyring.ok() || !keys.ok()) return;
    bool all = !keys->empty();
    for (const auto& [id, key] : *keys) {
      auto belongs = audit::BelongsTo(store, **keyring, id);
      all = all && belongs.ok() && *belongs;
    }
    checks_["audit-key"] = {all ? CheckState::kMet : CheckState::kNotMet, path,
                            all ? "the log's signing key is sealed under this installation's root of trust"
                                : "the log's signing key is not the one that the root of trust sealed"};
  }

  void RootOfTrust() {
    Config config;
    config.shared_directory = choices_.data;
    const std::string path = config.keys_path() + "/root.key";
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) {
      checks_["root-of-trust"] = {CheckState::kNotChecked, path, "there is no root key file here"};
      return;
    }
    bool tight = (found.st_mode & 077) == 0;
    checks_["root-of-trust"] = {tight ? CheckState::kMet : CheckState::kNotMet, path,
                                tight ? "a key file that only its owner can read" : "others can read the root key"};
  }

  Remote& remote_;
  const Choices& choices_;
  const Time now_;
  Checks checks_;
};

void Report(const Choices& choices) {
  const ComplianceProfile* profile = FindComplianceProfile(choices.controls);
  if (profile == nullptr) throw CommandFailed{Fail(kInvalidArgument, "--profile is one of hipaa, pci, soc2")};
  auto remote = Connect(choices.profile);
  ReportHead head;
  head.at = SystemClock().Now();
  Checks checks = Collector(*remote, choices, head.at).Run(head);
  std::string text =
      choices.format == "json" ? RenderJson(*profile, checks, head) + "\n" : RenderHtml(*profile, checks, head);
  if (choices.out.empty()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  std::ofstream file(choices.out, std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw CommandFailed{Fail(kIoError, "cannot write " + choices.out)};
  std::printf("%s\n", choices.out.c_str());
}

}  // namespace

void AddCompliance(CLI::App& app) {
  auto choices = std::make_shared<Choices>();
  auto* command = app.add_subcommand("compliance", "Evidence for an auditor: what was looked at, and what was found");
  command->require_subcommand(1);
  command->footer("Example:\n  aloft compliance report --profile hipaa --out hipaa.html");
  auto* report =
      command->add_subcommand("report", "Look at this installation and map it to a profile's technical controls");
  const char* given = std::getenv("ALOFT_PROFILE");
  choices->profile = given != nullptr && *given != '\0' ? given : "aloft";
  report->add_option("--as", choices->profile, "The AWS profile to look as, made by `aloft configure`")
      ->capture_default_str();
  AddDataOption(*report, choices->data);
  report->add_option("--profile", choices->controls, "hipaa, pci or soc2")->capture_default_str();
  report->add_option("--format", choices->format, "html or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"html", "json"}));
  report->add_option("--out", choices->out, "The file to write (default: standard output)");
  report->footer(
      "Claims nothing that it did not look at, and says so. Run it where the data directory is.\n"
      "Examples:\n"
      "  aloft compliance report --profile hipaa --out hipaa.html\n"
      "  aloft compliance report --profile pci --format json | jq '.controls[] | select(.state != \"met\")'");
  report->callback([choices] { Report(*choices); });
}

}  // namespace aloft::app
