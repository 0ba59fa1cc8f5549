// What an operator can choose. Defaults suit a laptop; a TOML file and command-line flags override them, in that order.
#pragma once

#include <cstdint>
#include <string>

#include "app/gateway/rate_limits.h"
#include "foundation/base/log.h"
#include "foundation/base/result.h"

namespace aloft::app {

// [keys]: what hides the root key file. Secrets are named by where they are read from: a file with mode 0600, "fd:N",
// "credential:NAME" (systemd's), or "prompt".
struct RootOfTrust {
  std::string kind = "file";  // passphrase, pkcs11, kms
  std::string passphrase;
  std::string pkcs11_module, pkcs11_token, pkcs11_pin, pkcs11_key = "aloft-root";
  std::string kms_endpoint, kms_region = "us-east-1", kms_key, kms_credentials, kms_ca_file;
};

// [blobs]: large bytes in a bucket of an S3 endpoint instead of a directory. `credentials` says where the access key id
// and, on the next line, its secret are read from, as the secrets of [keys].
struct RemoteBlobs {
  std::string endpoint;  // "https://s3.example.com"; empty: a directory
  std::string region = "us-east-1", bucket, prefix = "aloft/", credentials, ca_file;
  bool enabled() const { return !endpoint.empty(); }
};

struct Config {
  std::string data_directory;         // absolute; holds everything that must survive
  std::string address = "127.0.0.1";  // where the API listens
  std::uint16_t port = 9710;          // 0: the kernel chooses
  std::string public_name;            // how clients and jobs call this server; empty: the address
  // `public_name` where it is a name, empty where it is an address: buckets are hosts below it, too.
  std::string domain() const;
  bool tls = true;
  bool binds_task_sessions() const { return tls && bind_task_sessions; }
  std::string tls_certificate_file;  // PEM chain; empty: issued by the server's own CA
  std::string tls_key_file;
  // Tasks' agents prove with client certificates that their sessions are theirs. Off where a proxy in front of the API
  // ends TLS: it would drop them.
  bool bind_task_sessions = true;
  std::string region = "us-east-1";  // of callers that name none; must be a region the SageMaker SDK knows images for
  std::string account;               // 12 digits; empty: chosen at the first start and kept

  RootOfTrust root_of_trust;
  bool encrypt_at_rest = true;  // encryption.at_rest = "aes" | "off": objects; secrets are sealed either way

  std::string postgres;                      // libpq connection string; empty: SQLite and RocksDB in the data directory
  bool postgres_network_is_trusted = false;  // it may be reached over a network without TLS that verifies it
  std::string shared_directory;  // what replicas share: blobs, the root key, the authority; empty: the data directory
  RemoteBlobs remote_blobs;
  std::string archive_directory;  // where objects of the classes GLACIER and DEEP_ARCHIVE lie; empty: <shared>/archive
  std::string environments_directory;  // empty: <data>/environments
  std::string runtime_directory;       // the Python that runs inside jobs; empty: beside the binary
  std::string agent_binary;            // empty: beside the binary
  std::string programs_directory;      // native model workers; empty: beside the binary

  bool slurm = false;            // training and processing jobs run on the nodes of Slurm instead of here
  std::string spot_hours;        // "18:00-08:00", UTC: when managed spot jobs may run; empty: always
  bool strict_versions = false;  // images whose tag names another version of its framework are refused
  std::string slurm_partition;   // empty: the cluster's default

  int io_threads = 0;        // 0: one per core, at most 8
  int handler_threads = 96;  // more than disk and cores need: writes that wait share one sync
  std::size_t max_requests_in_flight = 2048;
  gateway::RateLimitOptions
      limits{};  // [limits] control, data, anonymous: requests per second of one caller; 0: without limit

  // Where the issuers of OIDC providers may live: "public", "private" (the operator's own networks too) or "loopback"
  // (this machine too, and http there).
  std::string oidc_issuer_networks = "public";
  std::string oidc_ca_file;             // PEM authorities of issuers; empty: the system's
  int task_credentials_seconds = 3600;  // how long a task's credentials are good; they are renewed before that

  int last_use_seconds = 60;  // how often the last use of keys and roles is written

  int audit_retention_days = 2192;  // six years; 0: for ever
  int trail_delivery_seconds = 60;  // between files of CloudTrail trails
  int inventory_seconds = 600;      // between looks at which inventories of buckets are due
  int stop_grace_seconds = 120;     // between SIGTERM and SIGKILL of a stopped job
  Log::Level log_level = Log::Level::kInfo;
  Log::Format log_format = Log::Format::kText;

  std::string database_path() const { return data_directory + "/sql/aloft.db"; }
  std::string kv_path() const { return data_directory + "/kv"; }
  std::string blob_path() const { return shared_directory + "/blob"; }
  std::string run_path() const { return data_directory + "/run"; }
  std::string archive_path() const {
    return archive_directory.empty() ? shared_directory + "/archive" : archive_directory;
  }
  std::string tls_path() const { return shared_directory + "/tls"; }
  std::string images_path() const { return data_directory + "/images"; }
  std::string keys_path() const { return shared_directory + "/keys"; }
  std::string tasks_path() const { return data_directory + "/tasks"; }
};

// Reads `path` over `config`. Unknown names and wrong types are errors that name the line.
Status ReadConfigFile(const std::string& path, Config& config);

// Fills what is empty, makes paths absolute, and checks values against each other.
Status CompleteConfig(Config& config);

// Where the data lies when nobody says: $ALOFT_DATA, else /var/lib/aloft for root, else ~/.local/share/aloft.
std::string DefaultDataDirectory();

}  // namespace aloft::app
