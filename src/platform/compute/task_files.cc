#include "platform/compute/task_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>

#include "foundation/codec/json.h"
#include "foundation/crypto/hash.h"
#include "foundation/os/fd.h"
#include "platform/compute/errors.h"

namespace aloft::compute {
namespace {

namespace json = boost::json;

constexpr int kVersion = 1;

json::array ToJson(const std::vector<std::string>& strings) {
  return json::array(strings.begin(), strings.end());
}

json::object ToJson(const std::map<std::string, std::string>& strings) {
  json::object object;
  for (const auto& [name, value] : strings) object[name] = value;
  return object;
}

json::object ToJson(const Limits& limits) {
  return {{"vcpus", limits.vcpus},
          {"memory_bytes", limits.memory_bytes},
          {"max_processes", limits.max_processes},
          {"disk_bytes", limits.disk_bytes},
          {"gpus", limits.gpus}};
}

std::string_view Name(Input::Kind kind) {
  switch (kind) {
    case Input::Kind::kObject: return "object";
    case Input::Kind::kArchive: return "archive";
    case Input::Kind::kManifest: return "manifest";
    case Input::Kind::kAugmentedManifest: return "augmented_manifest";
    case Input::Kind::kPrefix: break;
  }
  return "prefix";
}

std::string_view Name(Network network) {
  switch (network) {
    case Network::kNone: return "none";
    case Network::kInternet: return "internet";
    case Network::kApi: break;
  }
  return "api";
}

// Reads members that must be there and be of their type; what is wrong ends in one exception, caught below.
std::string Text(const json::object& object, const char* key) {
  return std::string(object.at(key).as_string());
}
template <class Number>
Number Num(const json::object& object, const char* key) {
  return object.at(key).to_number<Number>();
}
std::vector<std::string> Strings(const json::object& object, const char* key) {
  std::vector<std::string> strings;
  for (const auto& value : object.at(key).as_array()) strings.emplace_back(value.as_string());
  return strings;
}

Limits ReadLimits(const json::object& object) {
  return {.vcpus = Num<double>(object, "vcpus"),
          .memory_bytes = Num<std::uint64_t>(object, "memory_bytes"),
          .max_processes = Num<int>(object, "max_processes"),
          .disk_bytes = Num<std::uint64_t>(object, "disk_bytes"),
          .gpus = Num<int>(object, "gpus")};
}

// Members that came later: absent in what an earlier server wrote.
bool Flag(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value && value->as_bool();
}
std::int64_t NumOr(const json::object& object, const char* key, std::int64_t otherwise) {
  const json::value* value = object.if_contains(key);
  return value ? value->to_number<std::int64_t>() : otherwise;
}
std::vector<std::string> StringsIfAny(const json::object& object, const char* key) {
  return object.if_contains(key) ? Strings(object, key) : std::vector<std::string>();
}

Input ReadInput(const json::object& object) {
  Input input;
  input.channel = Text(object, "channel");
  input.s3_uri = Text(object, "s3_uri");
  input.path = Text(object, "path");
  std::string kind = Text(object, "kind");
  for (auto known :
       {Input::Kind::kObject, Input::Kind::kArchive, Input::Kind::kManifest, Input::Kind::kAugmentedManifest})
    if (kind == Name(known)) input.kind = known;
  input.optional = Flag(object, "optional");
  input.shard = static_cast<int>(NumOr(object, "shard", 0));
  input.shards = static_cast<int>(NumOr(object, "shards", 1));
  input.pipe = Flag(object, "pipe");
  input.stream = Flag(object, "stream");
  input.gzip = Flag(object, "gzip");
  input.record_io = Flag(object, "record_io");
  if (object.if_contains("shuffle_seed")) input.shuffle_seed = NumOr(object, "shuffle_seed", 0);
  input.attributes = StringsIfAny(object, "attributes");
  return input;
}

json::object ToJson(const Input& input) {
  json::object object{
      {"channel", input.channel}, {"s3_uri", input.s3_uri}, {"kind", Name(input.kind)}, {"path", input.path}};
  if (input.optional) object["optional"] = true;
  if (input.shards > 1) object["shard"] = input.shard, object["shards"] = input.shards;
  if (input.pipe) object["pipe"] = true;
  if (input.stream) object["stream"] = true;
  if (input.gzip) object["gzip"] = true;
  if (input.record_io) object["record_io"] = true;
  if (input.shuffle_seed) object["shuffle_seed"] = *input.shuffle_seed;
  if (!input.attributes.empty()) object["attributes"] = ToJson(input.attributes);
  return object;
}

json::object ToJson(const Gang& gang) {
  json::array members;
  for (const TaskId& member : gang.members) members.emplace_back(member.value());
  return {{"members", std::move(members)}, {"host_names", ToJson(gang.host_names)}, {"index", gang.index}};
}

// Every stored file has a version, and parses by `read`, which may throw.
template <class Value, class Read>
Result<Value> Decode(std::string_view text, const char* what, Read read) {
  auto parsed = codec::ParseJson(text);
  if (!parsed.ok()) return Fail(kCorrupt, std::string("a task's ") + what + " cannot be read", parsed.error().message);
  try {
    const json::object& object = parsed->as_object();
    if (Num<int>(object, "version") != kVersion)
      return Fail(kCorrupt, std::string("a task's ") + what + " has a version this program does not know");
    return read(object);
  } catch (const std::exception& error) {
    return Fail(kCorrupt, std::string("a task's ") + what + " cannot be read", error.what());
  }
}

}  // namespace

std::string EncodeSpec(const TaskSpec& spec, Time accepted) {
  json::array files, inputs, outputs;
  for (const File& file : spec.files) files.push_back({{"path", file.path}, {"content", file.content}});
  for (const Input& input : spec.inputs) inputs.push_back(ToJson(input));
  for (const Output& output : spec.outputs)
    outputs.push_back({{"path", output.path},
                       {"s3_uri", output.s3_uri},
                       {"archive", output.archive},
                       {"even_if_empty", output.even_if_empty},
                       {"even_if_failed", output.even_if_failed},
                       {"continuous", output.continuous},
                       {"merge", output.merge}});
  json::object object{{"version", kVersion},
                      {"id", spec.id.value()},
                      {"accepted", ToMicros(accepted)},
                      {"environment", spec.environment},
                      {"command", ToJson(spec.command)},
                      {"variables", ToJson(spec.variables)},
                      {"working_directory", spec.working_directory},
                      {"files", std::move(files)},
                      {"inputs", std::move(inputs)},
                      {"outputs", std::move(outputs)},
                      {"role_arn", spec.role_arn},
                      {"region", spec.region},
                      {"limits", ToJson(spec.limits)},
                      {"network", Name(spec.network)},
                      {"host_name", spec.host_name},
                      {"max_runtime_seconds", spec.max_runtime.count()},
                      {"stop_grace_seconds", spec.stop_grace.count()},
                      {"banner", ToJson(spec.banner)},
                      {"priority", spec.priority},
                      {"queue", spec.queue},
                      {"owner", spec.owner},
                      {"interruptible", spec.interruptible}};
  if (!spec.image.empty()) object["image"] = spec.image;
  if (!spec.entrypoint.empty()) object["entrypoint"] = ToJson(spec.entrypoint);
  if (spec.port != 0) object["port"] = spec.port;
  if (!spec.gang.members.empty()) object["gang"] = ToJson(spec.gang);
  if (!spec.pool.empty()) object["pool"] = spec.pool;
  if (spec.keep_room.count() > 0) object["keep_room_seconds"] = spec.keep_room.count();
  return codec::WriteJson(object);
}

Result<StoredSpec> DecodeSpec(std::string_view text) {
  return Decode<StoredSpec>(text, kSpecFile, [](const json::object& object) {
    StoredSpec stored;
    TaskSpec& spec = stored.spec;
    stored.accepted = FromMicros(Num<std::int64_t>(object, "accepted"));
    spec.id = TaskId(Text(object, "id"));
    spec.environment = Text(object, "environment");
    spec.command = Strings(object, "command");
    for (const auto& [name, value] : object.at("variables").as_object())
      spec.variables[std::string(name)] = std::string(value.as_string());
    spec.working_directory = Text(object, "working_directory");
    for (const auto& file : object.at("files").as_array())
      spec.files.push_back({Text(file.as_object(), "path"), Text(file.as_object(), "content")});
    for (const auto& input : object.at("inputs").as_array()) spec.inputs.push_back(ReadInput(input.as_object()));
    for (const auto& value : object.at("outputs").as_array()) {
      const json::object& output = value.as_object();
      spec.outputs.push_back({.path = Text(output, "path"),
                              .s3_uri = Text(output, "s3_uri"),
                              .archive = output.at("archive").as_bool(),
                              .even_if_empty = output.at("even_if_empty").as_bool(),
                              .even_if_failed = output.at("even_if_failed").as_bool(),
                              .continuous = Flag(output, "continuous"),
                              .merge = Flag(output, "merge")});
    }
    spec.role_arn = Text(object, "role_arn");
    spec.region = Text(object, "region");
    spec.limits = ReadLimits(object.at("limits").as_object());
    std::string network = Text(object, "network");
    spec.network = network == "none" ? Network::kNone : network == "internet" ? Network::kInternet : Network::kApi;
    spec.host_name = Text(object, "host_name");
    spec.max_runtime = std::chrono::seconds(Num<std::int64_t>(object, "max_runtime_seconds"));
    spec.stop_grace = std::chrono::seconds(Num<std::int64_t>(object, "stop_grace_seconds"));
    spec.banner = Strings(object, "banner");
    spec.priority = static_cast<int>(NumOr(object, "priority", 0));
    if (object.if_contains("image")) spec.image = Text(object, "image");
    spec.entrypoint = StringsIfAny(object, "entrypoint");
    spec.port = static_cast<std::uint16_t>(NumOr(object, "port", 0));
    if (object.if_contains("queue")) spec.queue = Text(object, "queue");
    if (object.if_contains("owner")) spec.owner = Text(object, "owner");
    spec.interruptible = Flag(object, "interruptible");
    if (object.if_contains("pool")) spec.pool = Text(object, "pool");
    spec.keep_room = std::chrono::seconds(static_cast<std::int64_t>(NumOr(object, "keep_room_seconds", 0)));
    if (const json::value* gang = object.if_contains("gang")) {
      for (const std::string& member : Strings(gang->as_object(), "members")) spec.gang.members.emplace_back(member);
      spec.gang.host_names = Strings(gang->as_object(), "host_names");
      spec.gang.index = Num<int>(gang->as_object(), "index");
    }
    return stored;
  });
}

std::string EncodeLaunch(const Launch& launch) {
  json::object object{{"version", kVersion},
                      {"directory", launch.directory},
                      {"socket_directory", launch.socket_directory},
                      {"runtime_directory", launch.runtime_directory},
                      {"programs_directory", launch.programs_directory},
                      {"environments_directory", launch.environments_directory},
                      {"images_directory", launch.images_directory},
                      {"api_url", launch.api_url},
                      {"ca_file", launch.ca_file},
                      {"control_group", launch.control_group},
                      {"user", launch.user},
                      {"limits", ToJson(launch.limits)}};
  if (!launch.room_of.empty()) object["room_of"] = launch.room_of;
  return codec::WriteJson(object);
}

Result<Launch> DecodeLaunch(std::string_view text) {
  return Decode<Launch>(text, kLaunchFile, [](const json::object& object) {
    return Launch{.directory = Text(object, "directory"),
                  .socket_directory = Text(object, "socket_directory"),
                  .runtime_directory = Text(object, "runtime_directory"),
                  .programs_directory = Text(object, "programs_directory"),
                  .environments_directory = Text(object, "environments_directory"),
                  .images_directory = object.if_contains("images_directory") ? Text(object, "images_directory") : "",
                  .api_url = Text(object, "api_url"),
                  .ca_file = Text(object, "ca_file"),
                  .control_group = Text(object, "control_group"),
                  .user = Num<std::uint32_t>(object, "user"),
                  .limits = ReadLimits(object.at("limits").as_object()),
                  .room_of = object.if_contains("room_of") ? Text(object, "room_of") : ""};
  });
}

std::string EncodeStop(StopMode mode) {
  switch (mode) {
    case StopMode::kInterrupt: return "interrupt\n";
    case StopMode::kDiscard: return "discard\n";
    case StopMode::kOrderly: break;
  }
  return "1\n";
}

StopMode DecodeStop(std::string_view text) {
  if (text == "interrupt\n") return StopMode::kInterrupt;
  return text == "discard\n" ? StopMode::kDiscard : StopMode::kOrderly;
}

Status ReplaceFile(const std::string& path, std::string_view text) {
  std::string beside = path + ".new";
  os::Fd file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::rename(beside.c_str(), path.c_str()) != 0)
    return SystemError("write " + path, errno);
  return {};
}

std::string LinkDirectory(const std::string& run_directory, const Gang& gang) {
  return run_directory + "/g" + crypto::Sha256Hex(gang.members.front().value()).substr(0, 10);
}

void RemoveLink(const std::string& link_directory, int host) {
  ::unlink((link_directory + "/" + std::to_string(host)).c_str());
  ::rmdir(link_directory.c_str());  // after the last host
}

}  // namespace aloft::compute
