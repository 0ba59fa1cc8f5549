// Which version of a framework an image's tag asks for, and which is here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aloft::compute {

// Of ".../sagemaker-scikit-learn:1.2-1-cpu-py3" the "1.2"; empty where the tag begins with no version.
std::string VersionOfTag(std::string_view image);

// Whether "1.2.7" is of "1.2": alike as far as the second one goes.
bool IsOfVersion(std::string_view version, std::string_view wanted);

// Of a package that an environment's file (runtime/environments) pins, or that it takes from this system.
std::optional<std::string> PackageVersion(const std::string& environment_file, const std::string& package);

}  // namespace aloft::compute
