// Any bytes as an archive, and any entries as a well-formed one: nothing outside of the target may change, nothing in
// it may lead outside, and nothing may crash.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "foundation/base/bytes.h"
#include "foundation/base/check.h"
#include "platform/compute/agent/archive.h"

namespace {

namespace fs = std::filesystem;

// One entry of a tar (POSIX ustar) with a true checksum, which no fuzzer finds by chance.
std::string Entry(char type, std::string_view name, std::string_view link, std::string_view content) {
  std::string head(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text, std::size_t most) {
    std::memcpy(head.data() + at, text.data(), std::min(text.size(), most));
  };
  const auto octal = [&](std::size_t at, int digits, std::size_t value) {
    std::snprintf(head.data() + at, static_cast<std::size_t>(digits) + 1, "%0*zo", digits, value);
  };
  put(0, name, 100);
  octal(100, 7, 0755);
  octal(124, 11, content.size());
  octal(136, 11, 0);
  head[156] = type;
  put(157, link, 100);
  put(257, {"ustar\00000", 8}, 8);
  std::fill_n(head.begin() + 148, 8, ' ');
  std::size_t sum = 0;
  for (const char each : head) sum += static_cast<unsigned char>(each);
  octal(148, 6, sum);
  return head + std::string(content) + std::string((512 - content.size() % 512) % 512, '\0');
}

// Entries from lines of "TYPE NAME LINK", one letter for the type; the rest of the type's letter says how much content.
std::string Tar(std::string_view text) {
  constexpr std::string_view kTypes("0125xgLKS6", 10);
  std::string out;
  for (const std::string_view line : aloft::Split(text, '\n')) {
    if (line.size() < 3) continue;
    const auto letter = static_cast<unsigned char>(line[0]);
    const std::string_view rest = line.substr(1);
    const std::size_t blank = std::min(rest.find(' '), rest.size());
    const std::string_view link = rest.substr(std::min(blank + 1, rest.size()));
    // The content of extended headers is what matters of them.
    out += Entry(kTypes[letter % kTypes.size()], rest.substr(0, blank), link, letter < 128 ? link : std::string_view());
  }
  return out + std::string(1024, '\0');
}

void Unpack(std::string_view bytes, const std::string& target) {
  const aloft::os::Fd archive(::memfd_create("archive", MFD_CLOEXEC));
  ALOFT_CHECK(::write(archive.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  ::lseek(archive.get(), 0, SEEK_SET);
  const aloft::os::Fd directory(::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  aloft::compute::ArchiveLimits limits;
  limits.max_bytes = 1 << 20;
  limits.max_entries = 100;
  static_cast<void>(aloft::compute::UnpackArchive(archive.get(), directory.get(), std::nullopt, limits));
}

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string outside = [] {
    char path[] = "/tmp/aloft-fuzz-XXXXXX";
    const std::string made = ::mkdtemp(path);
    std::ofstream(made + "/secret") << "secret";
    return made;
  }();
  if (size == 0) return 0;
  const std::string target = outside + "/target";
  fs::create_directory(target);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Unpack(data[0] % 4 == 0 ? std::string(text) : Tar(text), target);

  ALOFT_CHECK(std::distance(fs::directory_iterator(outside), {}) == 2);
  ALOFT_CHECK(Content(outside + "/secret") == "secret");
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(target)) {
    ALOFT_CHECK(fs::hard_link_count(outside + "/secret") == 1);
    if (!entry.is_symlink()) continue;
    // Links may lead to nothing, but to nothing outside.
    const std::string there = fs::weakly_canonical(entry.path(), error);
    ALOFT_CHECK(error || there == target || there.starts_with(target + "/"));
  }
  fs::remove_all(target);
  return 0;
}
