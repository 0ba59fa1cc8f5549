// Image archives made by tests, as docker saves them: layers of entries, a configuration, and digests that fit.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "foundation/crypto/hash.h"

namespace aloft::images::testing {

struct Entry {
  std::string path;
  std::string content{};
  mode_t type = AE_IFREG;
  std::string link{};  // of AE_IFLNK; with AE_IFREG a hard link
  unsigned permissions = 0755;
  unsigned owner = 0;
};
using Layer = std::vector<Entry>;

inline std::string Tar(const Layer& layer) {
  std::string out;
  archive* to = archive_write_new();
  archive_write_set_format_pax_restricted(to);
  archive_write_set_bytes_in_last_block(to, 1);
  auto sink = [](archive*, void* text, const void* bytes, size_t size) -> la_ssize_t {
    static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
    return static_cast<la_ssize_t>(size);
  };
  archive_write_open(to, &out, nullptr, sink, nullptr);
  for (const Entry& one : layer) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, one.path.c_str());
    archive_entry_set_filetype(entry, one.type);
    archive_entry_set_perm(entry, one.permissions);
    archive_entry_set_uid(entry, one.owner);
    archive_entry_set_gid(entry, one.owner);
    if (one.type == AE_IFLNK) archive_entry_set_symlink(entry, one.link.c_str());
    if (one.type == AE_IFREG && !one.link.empty()) archive_entry_set_hardlink(entry, one.link.c_str());
    bool plain = one.type == AE_IFREG && one.link.empty();
    archive_entry_set_size(entry, plain ? static_cast<la_int64_t>(one.content.size()) : 0);
    archive_write_header(to, entry);
    if (plain) archive_write_data(to, one.content.data(), one.content.size());
    archive_entry_free(entry);
  }
  archive_write_free(to);
  return out;
}

// `run`: the members of the configuration's "config", as JSON. Returns the image's id.
inline std::string WriteImage(const std::string& path, const std::string& name, const std::string& run,
                              const std::vector<Layer>& layers, const std::string& machine = "",
                              bool spoil_digest = false) {
  std::string digests, files;
  Layer whole;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    std::string tar = Tar(layers[i]);
    std::string file = std::to_string(i) + ".tar";
    digests += std::string(i > 0 ? "," : "") + "\"sha256:" + crypto::Sha256Hex(spoil_digest ? tar + "x" : tar) + "\"";
    files += std::string(i > 0 ? "," : "") + "\"" + file + "\"";
    whole.push_back({file, tar});
  }
  std::string config = "{\"os\":\"linux\",\"architecture\":\"" + machine + "\",\"config\":{" + run +
                       "},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" + digests + "]}}";
  whole.push_back({"config.json", config});
  whole.push_back(
      {"manifest.json", "[{\"Config\":\"config.json\",\"RepoTags\":[\"" + name + "\"],\"Layers\":[" + files + "]}]"});
  std::ofstream(path, std::ios::binary) << Tar(whole);
  return crypto::Sha256Hex(config);
}

// Programs of this machine with all that they need, as a layer.
inline Layer ProgramsLayer(const std::vector<std::string>& programs) {
  Layer layer{{"usr/bin/", "", AE_IFDIR}, {"bin", "", AE_IFLNK, "usr/bin"}};
  std::vector<std::string> files = programs;
  std::string command = "ldd";
  for (const std::string& program : programs) command += " " + program;
  FILE* listing = ::popen((command + " | grep -o '/[^ ]*' | grep -v ':$' | sort -u").c_str(), "r");
  char line[4096];
  while (listing && std::fgets(line, sizeof line, listing)) {
    std::string file(line);
    file.pop_back();
    files.push_back(file);
  }
  if (listing) ::pclose(listing);
  for (const std::string& file : files) {
    std::ostringstream content;
    content << std::ifstream(file, std::ios::binary).rdbuf();
    std::string place = file.starts_with("/bin/") ? "usr" + file : file.substr(1);
    layer.push_back({place, content.str()});
  }
  return layer;
}

}  // namespace aloft::images::testing
