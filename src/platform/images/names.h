// Image names: "repository:tag", with or without a registry before it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aloft::images {

// With ":latest" where no tag is named.
std::string WithTag(std::string_view name);

// How else the same image may be called: podman puts "localhost/" or "docker.io/library/" before a name that has no
// registry. The name itself first.
std::vector<std::string> OtherNames(std::string_view name);

bool SameName(std::string_view a, std::string_view b);

}  // namespace aloft::images
