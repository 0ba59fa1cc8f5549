// A task: one run of somebody's code in a sandbox of its own, with inputs
// staged before and outputs stored after it. Plain values; what a task means (a
// training job, a model worker) is known by the services.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"

namespace aloft::compute {

// Deterministic, so that starting twice is starting once:
// "training.123456789012.us-east-1.my-job.1". 1 to 200 of [A-Za-z0-9._-], not
// beginning with a dot.
using TaskId = Id<struct TaskIdTag>;

// Places inside the sandbox.
inline constexpr char kRuntimeDirectory[] = "/opt/aloft/runtime";  // the repository's runtime/, read-only
inline constexpr char kProgramsDirectory[] = "/opt/aloft/bin";     // native workers, read-only
inline constexpr char kSocketPath[] = "/run/aloft/worker.sock";    // where a worker listens; TaskStatus has the
                                                                   // outside

struct Limits {
  double vcpus = 1;                         // a share: what others leave idle may be used
  std::uint64_t memory_bytes = 1ull << 30;  // hard: beyond it the task is ended with kOutOfMemory
  int max_processes = 1024;                 // hard: fork fails with EAGAIN; threads count
  std::uint64_t disk_bytes = 30ull << 30;   // of everything the task writes; beyond it
                                            // the task is ended with kDiskFull
  int gpus = 0;
};

// One thing brought into the sandbox before the command starts.
struct Input {
  std::string channel{};  // for messages: "train"; "code"; "model"
  std::string s3_uri;     // "s3://bucket/prefix"
  enum class Kind {
    kPrefix,             // every object whose key begins with the prefix, laid out below
                         // `path` by the rest of its key
    kObject,             // exactly this object, as `path`/<last part of the key>
    kArchive,            // exactly this object, a tar (gzip or not), unpacked below
                         // `path`; a bad archive fails the task
    kManifest,           // this object is a manifest: [{"prefix": "s3://bucket/p/"}, "key", ...]; the objects it names
    kAugmentedManifest,  // this object holds JSON lines; their attributes are streamed; pipes only
  } kind = Kind::kPrefix;
  std::string path{};  // absolute, below /opt/ml

  bool optional = false;  // nothing to bring is fine
  // Of the objects, in their order, this host gets every shards-th, from the shard-th on.
  int shard = 0, shards = 1;
  // Not files but FIFOs `path`_0, `path`_1, ...: each epoch streams all objects anew, one after the other.
  bool pipe = false;
  // A mount that fetches what is read when it is read; where this machine cannot mount, staged like any other.
  bool stream = false;
  bool gzip = false;                           // the objects are compressed; pipes only
  bool record_io = false;                      // each object becomes one RecordIO record; pipes only
  std::optional<std::int64_t> shuffle_seed{};  // the order of the objects, another one each epoch
  std::vector<std::string> attributes{};       // of an augmented manifest, in this order
};

// One directory stored after the command has ended.
struct Output {
  std::string path{};  // absolute, below /opt/ml
  std::string s3_uri;  // the archive's own key, or the prefix of the files
  bool archive = true;
  bool even_if_empty = true;
  bool even_if_failed = false;  // outputs are always stored after success, a
                                // stop and the end of the time limit
  // Changed files are stored while the command runs, and once more after its end, however it ended; not an archive.
  bool continuous = false;
  // Of several hosts, the first one stores what all have written; of files with one name that of the last host.
  bool merge = false;
};

// Tasks that are the hosts of one job on one machine: they start when all have been accepted and fit together, and
// reach each other by host name on an own network.
struct Gang {
  std::vector<TaskId> members{};  // in the order of the hosts, this one included; empty: alone
  std::vector<std::string> host_names{};
  int index = 0;
};

struct File {
  std::string path{};  // absolute, below /opt/ml
  std::string content{};
};

// What the task's code reaches of the network.
enum class Network {
  kNone,      // loopback inside the sandbox only: network isolation; no credentials
              // either
  kApi,       // plus this cloud's API, through the agent
  kInternet,  // plus the internet through the agent's HTTP proxy, never this
              // host's other services
};

struct TaskSpec {
  TaskId id{};
  std::string environment{};           // of runtime/environments: "scikit-learn"; empty: none, a program of its own
  std::vector<std::string> command{};  // argv; "python" is the environment's
  // A container image's id, instead of an environment and of this system's files. `command` then holds the arguments of
  // its entrypoint (none: its own), and `entrypoint`, where it is not empty, replaces the image's entrypoint and
  // arguments.
  std::string image{};
  std::vector<std::string> entrypoint{};
  std::uint16_t port = 0;  // the code listens here, on its loopback, and connections to TaskStatus::socket_path reach
                           // it; 0: it listens on kSocketPath itself, or not at all
  std::map<std::string, std::string> variables{};
  std::string working_directory = "/opt/ml";
  std::vector<File> files{};
  std::vector<Input> inputs{};
  std::vector<Output> outputs{};
  std::string role_arn{};  // whose credentials stage the data and serve the code;
                           // empty: none
  std::string region = "us-east-1";
  Limits limits{};
  Network network = Network::kApi;
  std::string host_name = "algo-1";
  Gang gang{};
  int priority = 0;     // waiting tasks of higher priority start first
  std::string owner{};  // within the queue, for quotas: "user/eve"; empty: nobody in particular
  // For a higher priority it may be asked to end and to begin again later; see ProcessBackendOptions::on_interrupt.
  bool interruptible = false;
  std::string queue{};  // whose share of the machine it uses: waiting tasks of one priority take turns by it
  // Tasks that may have each other's room; empty: nobody's. With `keep_room` the task, once launched, keeps its room
  // after its end, until it is removed or one of the same pool with as many hosts starts in it.
  std::string pool{};
  std::chrono::seconds keep_room{0};    // about how long, for those who plan around it; 0: not at all
  std::chrono::seconds max_runtime{0};  // of the command; 0: no limit
  std::chrono::seconds stop_grace{120};
  std::vector<std::string> banner{};  // lines written to the log before anything else
};

enum class Phase {
  kPending,    // accepted; waits for room (TaskStatus::message says what for) or
               // for its agent
  kPreparing,  // makes the environment
  kStaging,    // downloads inputs
  kRunning,
  kUploading,
  kEnded,
};

enum class Outcome {
  kNone,  // not ended
  kSucceeded,
  kFailed,        // the code ended with a status other than 0, or by a signal of its
                  // own
  kStopped,       // by Stop()
  kMaxRuntime,    // by the time limit
  kOutOfMemory,   // by the memory limit
  kDiskFull,      // by the disk limit
  kInputRefused,  // an input is absent, may not be read, or is a bad archive:
                  // the caller's to mend
  kOutputFailed,  // an output could not be stored
  kCannotRun,     // the environment or the sandbox could not be made
  kLost,          // the agent died: the machine restarted, or somebody killed it
};

struct Transition {
  Phase phase = Phase::kPending;
  Time at{};
  std::string message{};
};

struct Usage {
  std::uint64_t peak_memory_bytes = 0;
  std::chrono::microseconds cpu{0};
};

// What was brought, or read, of one channel.
struct InputRead {
  std::string channel{};
  std::string mode{};  // "File"; "FastFile"
  std::uint64_t objects = 0, objects_read = 0;
  std::uint64_t bytes = 0, bytes_read = 0;  // read ahead included
};

struct TaskStatus {
  Phase phase = Phase::kPending;
  std::string message{};                  // of the newest transition: why it waits, what it does
  std::vector<Transition> transitions{};  // all, oldest first
  Outcome outcome = Outcome::kNone;
  int exit_code = -1;             // of the command, where it ended by itself
  int signal = 0;                 // that ended the command
  std::string failure{};          // why, for people: the failure file's text, or ours;
                                  // empty after success
  bool failure_is_users = false;  // the text came from the user's code
  std::string exit_message{};     // what the code left in /opt/ml/output/message
  std::optional<Time> command_started{};
  std::optional<Time> command_ended{};
  std::vector<std::string> versions{};  // what the environment really holds: "scikit-learn 1.9.1"
  Usage usage{};
  std::vector<InputRead> inputs{};  // once the command has ended
  std::uint64_t log_bytes = 0;      // spooled so far; see Backend::ReadLog
  bool log_complete = false;        // nothing will be added
  std::string socket_path{};        // the outside of kSocketPath
  std::string room_of{};            // the task (of a gang: its first) in whose kept room this one was started
};

struct LogLine {
  Time at{};
  std::string text{};  // without its end of line; at most 64 KiB, longer ones come
                       // in pieces
  std::uint64_t offset = 0;
};

struct LogChunk {
  std::vector<LogLine> lines{};
  std::uint64_t next_offset = 0;
};

// "kRunning" is "Running", ...
std::string_view ToString(Phase phase);
std::string_view ToString(Outcome outcome);
std::optional<Phase> ParsePhase(std::string_view text);
std::optional<Outcome> ParseOutcome(std::string_view text);

}  // namespace aloft::compute
