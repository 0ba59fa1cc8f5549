// The files of a task's directory: all that the server and an agent know of each other. docs/formats/task.md.
#pragma once

#include <string>

#include "foundation/base/result.h"
#include "platform/compute/backend.h"
#include "platform/compute/process_backend.h"
#include "platform/compute/task.h"

namespace aloft::compute {

inline constexpr char kSpecFile[] = "spec.json";      // the server's, written once, last of all: the task exists
inline constexpr char kLaunchFile[] = "launch.json";  // the server's, before the agent starts
inline constexpr char kCredentialsFile[] =
    "credentials.json";                      // the server's (credentials.h), replaced before they expire
inline constexpr char kStopFile[] = "stop";  // the server's wish
inline constexpr char kAcknowledgedFile[] = "log.acknowledged";  // the server's: log bytes before it are not needed
inline constexpr char kLockFile[] = "lock";                      // flock: held as long as the agent lives
inline constexpr char kJournalFile[] = "journal";                // the agent's, append-only
inline constexpr char kLogFile[] = "log";                        // the agent's, append-only

// What the agent must know of this machine.
struct Launch {
  std::string directory{};  // the task's
  std::string socket_directory{};
  std::string runtime_directory{};
  std::string programs_directory{};
  std::string environments_directory{};
  std::string images_directory{};
  std::string api_url{};
  std::string ca_file{};
  std::string control_group{};  // its name
  std::uint32_t user = 0;       // whom the task runs as on the host; 0: the agent's own user. Of an image: its root;
                                // its other users follow
  Limits limits{};              // as granted
  std::string room_of{};        // whose kept room it has; empty: room that was free
};

// Versioned JSON. Decoding refuses a version it does not know.
std::string EncodeSpec(const TaskSpec& spec, Time accepted);
struct StoredSpec {
  TaskSpec spec;
  Time accepted{};
};
Result<StoredSpec> DecodeSpec(std::string_view text);
std::string EncodeLaunch(const Launch& launch);
Result<Launch> DecodeLaunch(std::string_view text);
// What an earlier server wrote, or what cannot be read, is an orderly stop.
std::string EncodeStop(StopMode mode);
StopMode DecodeStop(std::string_view text);

// Replaces a file so that a reader sees the old text or the new one. Not synced: after a power cut there is no agent
// to read it, and it is written anew before the next one starts.
Status ReplaceFile(const std::string& path, std::string_view text);

// Where the agents of one gang meet, below the directory of the workers' sockets; not for code to see.
std::string LinkDirectory(const std::string& run_directory, const Gang& gang);
// What an agent that was killed left there.
void RemoveLink(const std::string& link_directory, int host);

// kBadTaskSpec with what is wrong: the id's form, paths outside /opt/ml, an empty command.
Status CheckSpec(const TaskSpec& spec);

}  // namespace aloft::compute
