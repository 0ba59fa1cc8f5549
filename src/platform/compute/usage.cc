#include "platform/compute/usage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

#include "foundation/base/bytes.h"
#include "foundation/os/fd.h"

namespace aloft::compute {
namespace {

constexpr std::size_t kMaxRead = 64 * 1024;

template <class Number>
bool Read(std::string_view text, Number& value) {
  text = Trim(text);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string Spell(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : std::string("-");
}

bool ReadOptional(std::string_view text, std::optional<double>& value) {
  if (text == "-") return true;
  return Read(text, value.emplace());
}

std::optional<UsageSample> Decode(std::string_view line) {
  auto words = Split(line, ' ');
  UsageSample sample;
  std::int64_t at = 0;
  if (words.size() < 9 || words[0] != "1" || !Read(words[1], at) || !ReadOptional(words[2], sample.cpu_percent) ||
      !ReadOptional(words[3], sample.memory_percent) || !Read(words[4], sample.disk_percent) ||
      !Read(words[5], sample.received_bytes) || !Read(words[6], sample.sent_bytes) ||
      !ReadOptional(words[7], sample.gpu_percent) || !ReadOptional(words[8], sample.gpu_memory_percent))
    return std::nullopt;
  sample.at = FromMicros(at);
  return sample;
}

}  // namespace

std::string EncodeUsage(const UsageSample& sample) {
  return fmt::format("1 {} {} {} {:.3f} {} {} {} {}\n", ToMicros(sample.at), Spell(sample.cpu_percent),
                     Spell(sample.memory_percent), sample.disk_percent, sample.received_bytes, sample.sent_bytes,
                     Spell(sample.gpu_percent), Spell(sample.gpu_memory_percent));
}

Result<UsageChunk> ReadUsage(const std::string& directory, std::uint64_t offset) {
  UsageChunk chunk;
  chunk.next_offset = offset;
  os::Fd file(::open((directory + "/" + kUsageFile).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return chunk;
    return SystemError("open the task's usage", errno);
  }
  std::string bytes(kMaxRead, '\0');
  ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  if (got < 0) return SystemError("read the task's usage", errno);
  std::string_view rest(bytes.data(), static_cast<std::size_t>(got));
  for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
    if (auto sample = Decode(rest.substr(0, end))) chunk.samples.push_back(*sample);
    rest.remove_prefix(end + 1);
    chunk.next_offset += end + 1;
  }
  return chunk;
}

bool ParseGpus(std::string_view text, UsageSample& sample) {
  double used = 0, memory = 0;
  bool any = false;
  for (std::string_view line : Split(text, '\n')) {
    auto fields = Split(line, ',');
    double busy = 0, held = 0, total = 0;
    if (fields.size() != 3 || !Read(fields[0], busy) || !Read(fields[1], held) || !Read(fields[2], total) || total <= 0)
      continue;
    any = true;
    used += busy;
    memory += 100 * held / total;
  }
  if (!any) return false;
  sample.gpu_percent = used;
  sample.gpu_memory_percent = memory;
  return true;
}

}  // namespace aloft::compute
