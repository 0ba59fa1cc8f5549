#include "platform/compute/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "platform/compute/task_files.h"

namespace aloft::compute {
namespace {

namespace json = boost::json;

std::string Begin(const Clock& clock, std::string_view event) {
  std::string line;
  codec::JsonWriter(line).BeginObject().Key("v").Int(1).Key("at").Int(ToMicros(clock.Now())).Key("event").String(event);
  return line;
}

std::string Get(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t Number(const json::object& object, std::string_view key, std::int64_t otherwise = 0) {
  const json::value* value = object.if_contains(key);
  if (!value) return otherwise;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64()) return static_cast<std::int64_t>(value->get_uint64());
  return otherwise;
}

InputRead InputReadOf(const json::object& object) {
  auto count = [&](std::string_view key) { return static_cast<std::uint64_t>(Number(object, key)); };
  return {Get(object, "channel"), Get(object, "mode"), count("objects"),
          count("objects_read"),  count("bytes"),      count("bytes_read")};
}

void Apply(const json::object& object, JournalState& state) {
  TaskStatus& status = state.status;
  std::string event = Get(object, "event");
  Time at = FromMicros(Number(object, "at"));
  auto enter = [&](Phase phase, std::string message) {
    status.phase = phase;
    status.message = message;
    status.transitions.push_back({phase, at, std::move(message)});
  };
  if (status.phase == Phase::kEnded) return;  // the first last word counts
  if (event == "agent" || event == "sandbox") {
    os::ProcessIdentity& process = event == "agent" ? state.agent : state.sandbox;
    process = {static_cast<pid_t>(Number(object, "pid")), static_cast<std::uint64_t>(Number(object, "start_ticks")),
               Get(object, "boot_id")};
    if (event == "agent") state.takes_sealed = object.contains("seals");
  } else if (event == "key") {
    state.public_key = HexDecode(Get(object, "public_key")).value_or(std::string());
    state.tls = {HexDecode(Get(object, "tls_key")).value_or(std::string()), Get(object, "host")};
  } else if (event == "phase") {
    if (auto phase = ParsePhase(Get(object, "phase"))) enter(*phase, Get(object, "message"));
  } else if (event == "versions") {
    if (const json::value* list = object.if_contains("versions"); list && list->is_array())
      for (const auto& version : list->get_array())
        if (version.is_string()) status.versions.emplace_back(version.get_string());
  } else if (event == "command_started") {
    status.command_started = at;
  } else if (event == "command_ended") {
    status.command_ended = at;
    status.exit_code = static_cast<int>(Number(object, "exit_code", -1));
    status.signal = static_cast<int>(Number(object, "signal"));
    status.usage.peak_memory_bytes = static_cast<std::uint64_t>(Number(object, "peak_memory_bytes"));
    status.exit_message = Get(object, "exit_message");
    status.usage.cpu = std::chrono::microseconds(Number(object, "cpu_micros"));
  } else if (event == "inputs") {
    if (const json::value* list = object.if_contains("inputs"); list && list->is_array())
      for (const auto& item : list->get_array())
        if (item.is_object()) status.inputs.push_back(InputReadOf(item.get_object()));
  } else if (event == "ended") {
    status.outcome = ParseOutcome(Get(object, "outcome")).value_or(Outcome::kLost);
    status.failure = Get(object, "failure");
    const json::value* users = object.if_contains("failure_is_users");
    status.failure_is_users = users && users->is_bool() && users->get_bool();
    enter(Phase::kEnded, status.failure);
  }
}

}  // namespace

Result<Journal> Journal::Open(const std::string& directory, const Clock& clock) {
  std::string path = directory + "/" + kJournalFile;
  os::Fd file(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return SystemError("open " + path, errno);
  // A torn line of a writer that was killed must not swallow the next one.
  off_t end = ::lseek(file.get(), 0, SEEK_END);
  char last = '\n';
  if (end > 0) static_cast<void>(!::pread(file.get(), &last, 1, end - 1));
  if (last != '\n' && ::write(file.get(), "\n", 1) != 1) return SystemError("write " + path, errno);
  return Journal(std::move(file), clock);
}

Status Journal::Append(std::string line) {
  line += "}\n";
  ssize_t wrote = ::write(file_.get(), line.data(), line.size());
  if (wrote != static_cast<ssize_t>(line.size())) return SystemError("write the journal", wrote < 0 ? errno : EIO);
  return {};
}

Status Journal::Process(std::string_view event, const os::ProcessIdentity& process, std::string_view more) {
  std::string line = Begin(*clock_, event);
  line += ",\"pid\":" + std::to_string(process.pid) + ",\"start_ticks\":" + std::to_string(process.start_ticks) +
          ",\"boot_id\":";
  codec::WriteString(process.boot_id, line);
  line += more;
  return Append(std::move(line));
}

Status Journal::AgentStarted(const os::ProcessIdentity& agent) {
  return Process("agent", agent, ",\"seals\":true");
}

Status Journal::KeyMade(std::string_view public_key, const AgentKey& tls) {
  std::string line = Begin(*clock_, "key");
  line.append(",\"public_key\":\"").append(HexEncode(AsBytes(public_key)));
  line.append("\",\"tls_key\":\"").append(HexEncode(AsBytes(tls.public_key))).append("\",\"host\":");
  codec::WriteString(tls.host, line);
  return Append(std::move(line));
}

Status Journal::SandboxCreated(const os::ProcessIdentity& first_process) {
  return Process("sandbox", first_process);
}

Status Journal::Entered(Phase phase, std::string_view message) {
  std::string line = Begin(*clock_, "phase");
  line += ",\"phase\":";
  codec::WriteString(ToString(phase), line);
  line += ",\"message\":";
  codec::WriteString(message, line);
  return Append(std::move(line));
}

Status Journal::Versions(const std::vector<std::string>& versions) {
  std::string line = Begin(*clock_, "versions") + ",\"versions\":[";
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (i > 0) line += ',';
    codec::WriteString(versions[i], line);
  }
  return Append(line + "]");
}

Status Journal::CommandStarted() {
  return Append(Begin(*clock_, "command_started"));
}

Status Journal::CommandEnded(int exit_code, int signal, const Usage& usage, std::string_view exit_message) {
  std::string line = Begin(*clock_, "command_ended") + ",\"exit_code\":" + std::to_string(exit_code) +
                     ",\"signal\":" + std::to_string(signal) +
                     ",\"peak_memory_bytes\":" + std::to_string(usage.peak_memory_bytes) +
                     ",\"cpu_micros\":" + std::to_string(usage.cpu.count());
  if (!exit_message.empty()) {
    line += ",\"exit_message\":";
    codec::WriteString(exit_message, line);
  }
  return Append(std::move(line));
}

Status Journal::InputsRead(const std::vector<InputRead>& inputs) {
  std::string line = Begin(*clock_, "inputs") + ",\"inputs\":[";
  for (const InputRead& input : inputs) {
    if (!line.ends_with('[')) line += ',';
    std::string item;
    codec::JsonWriter json(item);
    json.BeginObject().Key("channel").String(input.channel).Key("mode").String(input.mode);
    json.Key("objects").Int(static_cast<std::int64_t>(input.objects));
    json.Key("objects_read").Int(static_cast<std::int64_t>(input.objects_read));
    json.Key("bytes").Int(static_cast<std::int64_t>(input.bytes));
    json.Key("bytes_read").Int(static_cast<std::int64_t>(input.bytes_read)).EndObject();
    line += item;
  }
  return Append(line + "]");
}

Status Journal::Ended(Outcome outcome, std::string_view failure, bool failure_is_users) {
  std::string line = Begin(*clock_, "ended") + ",\"outcome\":";
  codec::WriteString(ToString(outcome), line);
  line += ",\"failure\":";
  codec::WriteString(failure, line);
  line += failure_is_users ? ",\"failure_is_users\":true" : ",\"failure_is_users\":false";
  ALOFT_TRY(Append(std::move(line)));
  return ::fdatasync(file_.get()) == 0 ? Status() : Status(SystemError("fdatasync the journal", errno));
}

JournalState FoldJournal(std::string_view text, Time accepted) {
  JournalState state;
  state.status.transitions.push_back({Phase::kPending, accepted, ""});
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;  // torn, or not finished yet
    auto line = codec::ParseJson(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (line.ok() && line->is_object()) Apply(line->get_object(), state);
  }
  return state;
}

}  // namespace aloft::compute
