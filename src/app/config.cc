#include "app/config.h"

#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "services/training/spot_hours.h"

namespace aloft::app {
namespace {

template <class T>
Status ReadValue(std::string_view name, const toml::node& node, T& out) {
  auto value = node.value<T>();
  if (!value) {
    return Fail(kInvalidArgument, "line " + std::to_string(node.source().begin.line) + ": '" + std::string(name) +
                                      "' has the wrong type");
  }
  out = *value;
  return {};
}

Status ReadLevel(const toml::node& node, Log::Level& out) {
  std::string text = node.value_or<std::string>("");
  if (text == "debug") {
    out = Log::Level::kDebug;
  } else if (text == "info") {
    out = Log::Level::kInfo;
  } else if (text == "warn") {
    out = Log::Level::kWarn;
  } else if (text == "error") {
    out = Log::Level::kError;
  } else {
    return Fail(kInvalidArgument, "'log_level' is one of debug, info, warn, error");
  }
  return {};
}

// [keys]
Status ReadKeys(const toml::node& node, RootOfTrust& root) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return Fail(kInvalidArgument, "'keys' is a table");
  const std::pair<std::string_view, std::string*> settings[] = {
      {"root", &root.kind},
      {"passphrase", &root.passphrase},
      {"pkcs11_module", &root.pkcs11_module},
      {"pkcs11_token", &root.pkcs11_token},
      {"pkcs11_pin", &root.pkcs11_pin},
      {"pkcs11_key", &root.pkcs11_key},
      {"kms_endpoint", &root.kms_endpoint},
      {"kms_region", &root.kms_region},
      {"kms_key", &root.kms_key},
      {"kms_credentials", &root.kms_credentials},
      {"kms_ca_file", &root.kms_ca_file},
  };
  for (const auto& [key, value] : *table) {
    const auto* found = std::find_if(std::begin(settings), std::end(settings),
                                     [&](const auto& setting) { return setting.first == key.str(); });
    if (found == std::end(settings))
      return Fail(kInvalidArgument, "'keys." + std::string(key.str()) + "' is no setting of Aloft");
    ALOFT_TRY(ReadValue(key.str(), value, *found->second));
  }
  if (root.kind == "file" || root.kind == "passphrase" || root.kind == "pkcs11" || root.kind == "kms") return {};
  return Fail(kInvalidArgument, "'keys.root' is one of file, passphrase, pkcs11, kms");
}

// [blobs]
Status ReadBlobs(const toml::node& node, RemoteBlobs& blobs) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return Fail(kInvalidArgument, "'blobs' is a table: [blobs] endpoint = \"https://...\"");
  const std::pair<std::string_view, std::string*> settings[] = {
      {"endpoint", &blobs.endpoint}, {"region", &blobs.region},           {"bucket", &blobs.bucket},
      {"prefix", &blobs.prefix},     {"credentials", &blobs.credentials}, {"ca_file", &blobs.ca_file},
  };
  for (const auto& [key, value] : *table) {
    const auto* found = std::find_if(std::begin(settings), std::end(settings),
                                     [&](const auto& setting) { return setting.first == key.str(); });
    if (found == std::end(settings))
      return Fail(kInvalidArgument, "'blobs." + std::string(key.str()) + "' is no setting of Aloft");
    ALOFT_TRY(ReadValue(key.str(), value, *found->second));
  }
  if (blobs.endpoint.empty() || blobs.bucket.empty() || blobs.credentials.empty())
    return Fail(kInvalidArgument, "[blobs] needs endpoint, bucket and credentials");
  return {};
}

// [encryption]
Status ReadEncryption(const toml::node& node, Config& c) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return Fail(kInvalidArgument, "'encryption' is a table");
  for (const auto& [key, value] : *table) {
    if (key.str() != "at_rest")
      return Fail(kInvalidArgument, "'encryption." + std::string(key.str()) + "' is no setting of Aloft");
    const std::string text = value.value_or<std::string>("");
    if (text != "aes" && text != "off") return Fail(kInvalidArgument, "'encryption.at_rest' is one of aes, off");
    c.encrypt_at_rest = text == "aes";
  }
  return {};
}

// [limits]
Status ReadLimits(const toml::node& node, gateway::RateLimitOptions& out) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return Fail(kInvalidArgument, "'limits' is a table: [limits] control = 2000");
  for (const auto& [key, value] : *table) {
    double* target = key == "control"     ? &out.control
                     : key == "data"      ? &out.data
                     : key == "anonymous" ? &out.anonymous
                                          : nullptr;
    if (target == nullptr)
      return Fail(kInvalidArgument,
                  "'limits." + std::string(key.str()) + "' is no setting; there are control, data and anonymous");
    ALOFT_TRY(ReadValue("limits." + std::string(key.str()), value, *target));
    if (!(*target >= 0)) return Fail(kInvalidArgument, "'limits." + std::string(key.str()) + "' must not be negative");
  }
  return {};
}

Status ReadEntry(std::string_view name, const toml::node& node, Config& c) {
  if (name == "data_directory") return ReadValue(name, node, c.data_directory);
  if (name == "address") return ReadValue(name, node, c.address);
  if (name == "port") return ReadValue(name, node, c.port);
  if (name == "public_name") return ReadValue(name, node, c.public_name);
  if (name == "tls") return ReadValue(name, node, c.tls);
  if (name == "tls_certificate_file") return ReadValue(name, node, c.tls_certificate_file);
  if (name == "tls_key_file") return ReadValue(name, node, c.tls_key_file);
  if (name == "bind_task_sessions") return ReadValue(name, node, c.bind_task_sessions);
  if (name == "region") return ReadValue(name, node, c.region);
  if (name == "account") return ReadValue(name, node, c.account);
  if (name == "keys") return ReadKeys(node, c.root_of_trust);
  if (name == "blobs") return ReadBlobs(node, c.remote_blobs);
  if (name == "encryption") return ReadEncryption(node, c);
  if (name == "postgres") return ReadValue(name, node, c.postgres);
  if (name == "postgres_network_is_trusted") return ReadValue(name, node, c.postgres_network_is_trusted);
  if (name == "shared_directory") return ReadValue(name, node, c.shared_directory);
  if (name == "archive_directory") return ReadValue(name, node, c.archive_directory);
  if (name == "environments_directory") return ReadValue(name, node, c.environments_directory);
  if (name == "runtime_directory") return ReadValue(name, node, c.runtime_directory);
  if (name == "agent_binary") return ReadValue(name, node, c.agent_binary);
  if (name == "programs_directory") return ReadValue(name, node, c.programs_directory);
  if (name == "spot_hours") return ReadValue(name, node, c.spot_hours);
  if (name == "strict_versions") return ReadValue(name, node, c.strict_versions);
  if (name == "slurm") return ReadValue(name, node, c.slurm);
  if (name == "slurm_partition") return ReadValue(name, node, c.slurm_partition);
  if (name == "io_threads") return ReadValue(name, node, c.io_threads);
  if (name == "handler_threads") return ReadValue(name, node, c.handler_threads);
  if (name == "oidc_issuer_networks") return ReadValue(name, node, c.oidc_issuer_networks);
  if (name == "oidc_ca_file") return ReadValue(name, node, c.oidc_ca_file);
  if (name == "task_credentials_seconds") return ReadValue(name, node, c.task_credentials_seconds);
  if (name == "last_use_seconds") return ReadValue(name, node, c.last_use_seconds);
  if (name == "trail_delivery_seconds") return ReadValue(name, node, c.trail_delivery_seconds);
  if (name == "inventory_seconds") return ReadValue(name, node, c.inventory_seconds);
  if (name == "audit_retention_days") return ReadValue(name, node, c.audit_retention_days);
  if (name == "stop_grace_seconds") return ReadValue(name, node, c.stop_grace_seconds);
  if (name == "limits") return ReadLimits(node, c.limits);
  if (name == "log_level") return ReadLevel(node, c.log_level);
  if (name == "log_json") {
    bool json = false;
    ALOFT_TRY(ReadValue(name, node, json));
    c.log_format = json ? Log::Format::kJson : Log::Format::kText;
    return {};
  }
  if (name == "max_requests_in_flight") {
    std::int64_t value = 0;
    ALOFT_TRY(ReadValue(name, node, value));
    c.max_requests_in_flight = static_cast<std::size_t>(std::max<std::int64_t>(value, 1));
    return {};
  }
  return Fail(kInvalidArgument, "line " + std::to_string(node.source().begin.line) + ": '" + std::string(name) +
                                    "' is no setting of Aloft; see `aloft up --help`");
}

bool IsAccount(const std::string& text) {
  return text.size() == 12 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The directory of this executable, where an installation keeps what belongs to it.
std::filesystem::path BinaryDirectory() {
  std::error_code failure;
  auto path = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? std::filesystem::path(".") : path.parent_path();
}

// The first of `candidates`, relative to the binary, that exists; else the first.
std::string Beside(std::initializer_list<const char*> candidates) {
  auto base = BinaryDirectory();
  for (const char* candidate : candidates) {
    std::error_code failure;
    auto path = std::filesystem::weakly_canonical(base / candidate, failure);
    if (!failure && std::filesystem::exists(path, failure)) return path.string();
  }
  return (base / *candidates.begin()).string();
}

}  // namespace

Status ReadConfigFile(const std::string& path, Config& config) {
  try {
    toml::table table = toml::parse_file(path);
    for (const auto& [key, node] : table) {
      if (auto status = ReadEntry(key.str(), node, config); !status.ok()) {
        return Fail(kInvalidArgument, path + ": " + status.error().message);
      }
    }
  } catch (const toml::parse_error& failure) {
    return Fail(kInvalidArgument, path + ", line " + std::to_string(failure.source().begin.line) + ": " +
                                      std::string(failure.description()));
  }
  return {};
}

std::string Config::domain() const {
  return public_name.find_first_not_of("0123456789.:") != std::string::npos ? public_name : std::string();
}

Status CompleteConfig(Config& config) {
  if (config.data_directory.empty()) config.data_directory = DefaultDataDirectory();
  std::error_code failure;
  config.data_directory = std::filesystem::absolute(config.data_directory, failure).lexically_normal().string();
  if (config.shared_directory.empty()) config.shared_directory = config.data_directory;
  config.shared_directory = std::filesystem::absolute(config.shared_directory, failure).lexically_normal().string();
  if (failure) return Fail(kInvalidArgument, "the data directory cannot be made absolute: " + failure.message());
  if (!config.account.empty() && !IsAccount(config.account)) {
    return Fail(kInvalidArgument, "an account is 12 digits, not '" + config.account + "'");
  }
  if (config.shared_directory != config.data_directory && config.postgres.empty()) {
    return Fail(kInvalidArgument,
                "replicas that share a directory need a database that they share: give --postgres too");
  }
  if (config.tls_certificate_file.empty() != config.tls_key_file.empty()) {
    return Fail(kInvalidArgument, "give both a TLS certificate and its key, or neither");
  }
  if (config.handler_threads < 1 || config.handler_threads > 1024) {
    return Fail(kInvalidArgument, "handler_threads must be between 1 and 1024");
  }
  if (config.oidc_issuer_networks != "public" && config.oidc_issuer_networks != "private" &&
      config.oidc_issuer_networks != "loopback") {
    return Fail(kInvalidArgument, "oidc_issuer_networks is one of public, private, loopback");
  }
  ALOFT_TRY(training::SpotHours::Parse(config.spot_hours));
  if (config.task_credentials_seconds < 60 || config.task_credentials_seconds > 43'200) {
    return Fail(kInvalidArgument, "task_credentials_seconds must be between 60 and 43200");
  }
  if (config.last_use_seconds < 1) return Fail(kInvalidArgument, "last_use_seconds must be at least 1");
  if (config.trail_delivery_seconds < 1) return Fail(kInvalidArgument, "trail_delivery_seconds must be 1 or more");
  if (config.inventory_seconds < 1) return Fail(kInvalidArgument, "inventory_seconds must be 1 or more");
  if (config.audit_retention_days < 0)
    return Fail(kInvalidArgument, "audit_retention_days must be 0 (for ever) or more");
  if (config.io_threads <= 0) {
    config.io_threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 8u));
  }
  if (config.public_name.empty()) config.public_name = config.address == "0.0.0.0" ? "127.0.0.1" : config.address;
  if (config.environments_directory.empty()) config.environments_directory = config.data_directory + "/environments";
  // Installed: /usr/bin/aloft with /usr/lib/aloft; built: build/<preset>/src/app/aloft with the checkout above it.
  if (config.runtime_directory.empty()) {
    config.runtime_directory = Beside({"../lib/aloft/runtime", "runtime", "../../../../runtime"});
  }
  if (config.agent_binary.empty()) {
    config.agent_binary = Beside({"../lib/aloft/aloft-task", "aloft-task", "../platform/compute/agent/aloft-task",
                                  "../platform/compute/aloft-task"});
  }
  if (config.programs_directory.empty()) {
    config.programs_directory = Beside({"../lib/aloft/programs", "programs", "../../programs"});
  }
  return {};
}

std::string DefaultDataDirectory() {
  if (const char* given = std::getenv("ALOFT_DATA"); given != nullptr && *given != '\0') return given;
  if (geteuid() == 0) return "/var/lib/aloft";
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home) + "/.local/share/aloft";
}

}  // namespace aloft::app
