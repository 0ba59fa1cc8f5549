#include "app/server_info.h"

#include <unistd.h>

#include <boost/json.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/os/file.h"

namespace aloft::app {
namespace {

std::string InfoPath(const std::string& run_directory) {
  return run_directory + "/server.json";
}

Error NoServer(const std::string& data_directory) {
  return Fail(kNoServer, "No Aloft server runs on " + data_directory +
                             ".\n`aloft up` starts one; --data names another data directory.");
}

}  // namespace

std::uint64_t ProcessStartTicks(int pid) {
  auto stat = os::ReadFile("/proc/" + std::to_string(pid) + "/stat");
  if (!stat.ok()) return 0;
  // The second field is the command in parentheses, which may hold anything; the start time is the 20th after it.
  auto close = stat->rfind(')');
  if (close == std::string::npos) return 0;
  auto fields = Split(std::string_view(*stat).substr(close + 2), ' ');
  return fields.size() > 19 ? std::strtoull(std::string(fields[19]).c_str(), nullptr, 10) : 0;
}

Status WriteServerInfo(const std::string& run_directory, const ServerInfo& info) {
  std::string text;
  codec::JsonWriter json(text);
  json.BeginObject();
  json.Key("version").Int(1);
  json.Key("pid").Int(info.pid).Key("start_ticks").Unsigned(info.start_ticks);
  json.Key("url").String(info.url).Key("ca_file").String(info.ca_file);
  json.Key("region").String(info.region).Key("account").String(info.account);
  json.Key("server_version").String(info.version).Key("started_at_millis").Int(info.started_at_millis);
  json.EndObject();
  return os::WriteFileDurably(InfoPath(run_directory), text + "\n", 0644);
}

Result<ServerInfo> ReadServerInfo(const std::string& data_directory) {
  auto text = os::ReadFile(InfoPath(data_directory + "/run"));
  if (!text.ok()) return NoServer(data_directory);
  ALOFT_ASSIGN(boost::json::value value, codec::ParseJson(*text));
  ServerInfo info;
  try {
    const auto& object = value.as_object();
    auto string = [&](const char* name) { return std::string(object.at(name).as_string()); };
    info.pid = static_cast<int>(object.at("pid").to_number<std::int64_t>());
    info.start_ticks = object.at("start_ticks").to_number<std::uint64_t>();
    info.url = string("url");
    info.ca_file = string("ca_file");
    info.region = string("region");
    info.account = string("account");
    info.version = string("server_version");
    info.started_at_millis = object.at("started_at_millis").to_number<std::int64_t>();
  } catch (const std::exception& failure) {
    return Fail(kCorrupt, InfoPath(data_directory + "/run") + " cannot be read", failure.what());
  }
  if (info.start_ticks == 0 || ProcessStartTicks(info.pid) != info.start_ticks) return NoServer(data_directory);
  return info;
}

void RemoveServerInfo(const std::string& run_directory) {
  unlink(InfoPath(run_directory).c_str());
}

}  // namespace aloft::app
