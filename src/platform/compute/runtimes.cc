#include "platform/compute/runtimes.h"

#include "platform/compute/framework_version.h"

#include <fnmatch.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "foundation/base/bytes.h"
#include "foundation/os/file.h"
#include "platform/compute/errors.h"

namespace aloft::compute {
namespace {

std::vector<std::string> Strings(const toml::node_view<const toml::node>& node) {
  std::vector<std::string> strings;
  if (const toml::array* array = node.as_array())
    for (const auto& value : *array)
      if (auto text = value.value<std::string>()) strings.push_back(*text);
  return strings;
}

std::string Replaced(std::string text, std::string_view what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

// A definition for each of the names in each of the series.
std::vector<RuntimeMetric> MetricsOf(const toml::node_view<const toml::node>& node) {
  std::vector<RuntimeMetric> metrics;
  std::string regex = node["regex"].value_or(std::string());
  for (const std::string& series : Strings(node["series"])) {
    for (const std::string& name : Strings(node["names"])) {
      std::string full = series;
      full.append(":").append(name);
      metrics.push_back({std::move(full), Replaced(Replaced(regex, "{series}", series), "{name}", name)});
    }
  }
  return metrics;
}

}  // namespace

Result<RuntimeTable> RuntimeTable::Load(const std::string& directory) {
  std::string path = directory + "/runtimes.toml";
  ALOFT_ASSIGN(std::string text, os::ReadFile(path));
  auto bad = [&](std::string why) { return Fail(kInvalidArgument, path + ": " + std::move(why)); };
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) return bad(std::string(parsed.error().description()));
  const toml::table& document = parsed.table();
  RuntimeTable table;
  table.directory_ = directory;
  const toml::array* rows = document["runtime"].as_array();
  if (!rows) return bad("there is no [[runtime]]");
  for (const auto& node : *rows) {
    const toml::table* row = node.as_table();
    if (!row) return bad("a runtime must be a table");
    toml::node_view<const toml::node> view(node);
    Row made;
    made.runtime.name = view["name"].value_or(std::string());
    made.runtime.environment = view["environment"].value_or(std::string());
    made.runtime.train = Strings(view["train"]);
    made.runtime.serve = Strings(view["serve"]);
    made.runtime.includes = Strings(view["includes"]);
    made.runtime.framework = view["framework"].value_or(std::string());
    made.runtime.metrics = MetricsOf(view["metrics"]);
    made.runtime.multi_model = view["multi_model"].value_or(false);
    for (const std::string& image : Strings(view["images"])) made.images.push_back(ToLower(image));
    if (made.runtime.name.empty() || made.images.empty()) return bad("a runtime needs a name and images");
    table.rows_.push_back(std::move(made));
  }
  return table;
}

std::string NameOf(const Runtime& runtime) {
  if (!runtime.image.empty()) return "image " + runtime.image.substr(0, 12);
  return "environment \"" + runtime.environment + "\"";
}

void UseRuntime(const Runtime& runtime, TaskSpec& spec) {
  spec.environment = runtime.environment;
  spec.image = runtime.image;
}

Status RuntimeTable::CheckVersion(const Runtime& runtime, std::string_view image) const {
  std::string wanted = VersionOfTag(image);
  if (runtime.framework.empty() || wanted.empty()) return {};
  auto here = PackageVersion(directory_ + "/environments/" + runtime.environment + ".txt", runtime.framework);
  if (here && IsOfVersion(*here, wanted)) return {};
  std::string found = here ? "this Aloft has " + *here : "this Aloft cannot tell which it has";
  return Fail(kUnknownImage, "The image " + std::string(image) + " asks for " + runtime.framework + " " + wanted +
                                 ", " + found + ", and its configuration (strict_versions) refuses another version.");
}

Result<Runtime> RuntimeTable::Resolve(std::string_view image) const {
  std::string wanted = ToLower(image);
  for (const Row& row : rows_)
    for (const std::string& pattern : row.images)
      if (::fnmatch(pattern.c_str(), wanted.c_str(), 0) == 0) {
        if (strict_) ALOFT_TRY(CheckVersion(row.runtime, image));
        return row.runtime;
      }
  std::string why;
  if (images_) {
    auto id = images_->FindId(image);
    if (id.ok())
      return Runtime{.name = "container", .environment = {}, .train = {"train"}, .serve = {"serve"}, .image = *id};
    if (id.error().kind() != ErrorKind::kNotFound) why = " (" + id.error().message + ")";
  }
  std::string known;
  for (const Row& row : rows_) known += (known.empty() ? "" : ", ") + row.runtime.name;
  return Fail(kUnknownImage, "No runtime stands for the image " + std::string(image) + ". Known runtimes: " + known +
                                 ". An operator maps further images in runtimes.toml, and brings container images with "
                                 "`aloft images load` or podman" +
                                 why + ".");
}

}  // namespace aloft::compute
