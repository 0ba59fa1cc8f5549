#include <sys/utsname.h>

#include <algorithm>
#include <boost/json.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "platform/images/errors.h"
#include "platform/images/types.h"

namespace aloft::images {
namespace {

namespace json = boost::json;

std::vector<std::string> Strings(const json::object& object, const char* name) {
  std::vector<std::string> strings;
  const json::value* list = object.if_contains(name);
  if (!list || list->is_null()) return strings;
  for (const auto& value : list->as_array()) strings.emplace_back(value.as_string());
  return strings;
}

std::string Text(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

// As images call what this machine is.
std::string Architecture() {
  utsname machine{};
  ::uname(&machine);
  std::string name = machine.machine;
  if (name == "x86_64") return "amd64";
  if (name == "aarch64") return "arm64";
  return name;
}

Config Read(const json::object& document) {
  Config config;
  if (const json::value* run = document.if_contains("config"); run && run->is_object()) {
    const json::object& object = run->as_object();
    config.entrypoint = Strings(object, "Entrypoint");
    config.command = Strings(object, "Cmd");
    for (const std::string& variable : Strings(object, "Env")) {
      std::size_t equals = variable.find('=');
      if (equals == 0 || equals == std::string::npos) continue;
      config.variables[variable.substr(0, equals)] = variable.substr(equals + 1);
    }
    if (std::string directory = Text(object, "WorkingDir"); !directory.empty()) config.working_directory = directory;
    config.user = Text(object, "User");
  }
  config.layer_digests = Strings(document.at("rootfs").as_object(), "diff_ids");
  return config;
}

}  // namespace

Result<Config> ParseConfig(std::string_view text) {
  auto parsed = codec::ParseJson(text);
  if (!parsed.ok()) return Fail(kBadImage, "the image's configuration is no JSON", parsed.error().message);
  try {
    const json::object& document = parsed->as_object();
    std::string system = Text(document, "os"), machine = Text(document, "architecture");
    if ((!system.empty() && system != "linux") || (!machine.empty() && machine != Architecture()))
      return Fail(kBadImage,
                  "the image is made for " + system + "/" + machine + ", and this machine is linux/" + Architecture());
    Config config = Read(document);
    if (!config.working_directory.starts_with('/')) config.working_directory.insert(0, "/");
    return config;
  } catch (const std::exception& error) {
    return Fail(kBadImage, "the image's configuration cannot be read", error.what());
  }
}

bool IsImageId(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace aloft::images
