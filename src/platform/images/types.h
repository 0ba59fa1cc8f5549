// Container images, as the OCI image specification describes them (github.com/opencontainers/image-spec, config.md).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::images {

// What an image says of how it is run.
struct Config {
  std::vector<std::string> entrypoint{};
  std::vector<std::string> command{};  // arguments of the entrypoint unless others are given
  std::map<std::string, std::string> variables{};
  std::string working_directory = "/";
  std::string user{};                        // "name", "uid", "name:group", ...; empty: root
  std::vector<std::string> layer_digests{};  // "sha256:..." of each layer's plain tar, lowest first
};

// kBadImage where the text is no configuration, or one for another kind of machine.
Result<Config> ParseConfig(std::string_view text);

// An image that lies unpacked on this machine.
struct Image {
  std::string id{};  // 64 hexadecimal digits: SHA-256 of its configuration, as podman and docker name it
  Config config{};
  std::string root{};  // the directory with its files; never written to
};

// Work that takes long says what it does, and asks whether it is still wanted.
struct Progress {
  std::function<void(std::string_view line)> say{};
  std::function<bool()> cancelled{};
};

bool IsImageId(std::string_view text);

}  // namespace aloft::images
