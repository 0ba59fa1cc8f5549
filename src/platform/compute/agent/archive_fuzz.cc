// Any bytes as an archive: nothing outside of the target may change, and nothing may crash.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>

#include "foundation/base/check.h"
#include "platform/compute/agent/archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fs = std::filesystem;
  static const std::string outside = [] {
    char path[] = "/tmp/aloft-fuzz-XXXXXX";
    return std::string(::mkdtemp(path));
  }();
  std::string target = outside + "/target";
  fs::create_directory(target);
  {
    aloft::os::Fd archive(::memfd_create("archive", MFD_CLOEXEC));
    ALOFT_CHECK(::write(archive.get(), data, size) == static_cast<ssize_t>(size));
    ::lseek(archive.get(), 0, SEEK_SET);
    aloft::os::Fd directory(::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    aloft::compute::ArchiveLimits limits;
    limits.max_bytes = 1 << 20;
    limits.max_entries = 100;
    static_cast<void>(aloft::compute::UnpackArchive(archive.get(), directory.get(), std::nullopt, limits));
  }
  std::size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(outside)) {
    static_cast<void>(entry);
    ++entries;
  }
  ALOFT_CHECK(entries == 1);
  fs::remove_all(target);
  return 0;
}
