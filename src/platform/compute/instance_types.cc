#include "platform/compute/instance_types.h"

#include <charconv>
#include <optional>

#include "foundation/base/bytes.h"
#include "platform/compute/errors.h"

namespace aloft::compute {
namespace {

constexpr std::uint64_t kGiB = 1ull << 30;

// Types whose memory or GPUs follow no rule. docs.aws.amazon.com/sagemaker/latest/dg/notebooks-available-instance-types
struct Special {
  std::string_view type;
  double vcpus;
  std::uint64_t memory_gib;
  int gpus;
};
constexpr Special kSpecial[] = {
    {"t2.medium", 2, 4, 0},         {"t3.medium", 2, 4, 0},         {"t2.large", 2, 8, 0},
    {"t3.large", 2, 8, 0},          {"p2.xlarge", 4, 61, 1},        {"p2.8xlarge", 32, 488, 8},
    {"p2.16xlarge", 64, 732, 16},   {"p3.2xlarge", 8, 61, 1},       {"p3.8xlarge", 32, 244, 4},
    {"p3.16xlarge", 64, 488, 8},    {"p3dn.24xlarge", 96, 768, 8},  {"p4d.24xlarge", 96, 1152, 8},
    {"p4de.24xlarge", 96, 1152, 8}, {"p5.4xlarge", 16, 256, 1},     {"p5.48xlarge", 192, 2048, 8},
    {"p5e.48xlarge", 192, 2048, 8}, {"p5en.48xlarge", 192, 2048, 8}};

// "large" 2, "xlarge" 4, "<n>xlarge" 4n.
std::optional<int> VcpusOfSize(std::string_view size) {
  if (size == "medium") return 1;
  if (size == "large") return 2;
  if (size == "xlarge") return 4;
  if (!size.ends_with("xlarge")) return std::nullopt;
  int times = 0;
  auto [end, error] = std::from_chars(size.data(), size.data() + size.size() - 6, times);
  if (error != std::errc() || end != size.data() + size.size() - 6 || times < 1 || times > 112) return std::nullopt;
  return 4 * times;
}

// The letters that begin a family say how much memory comes with a vCPU.
std::optional<std::uint64_t> GibibytesPerVcpu(std::string_view family) {
  if (family.size() < 2 || family[1] < '1' || family[1] > '9') return std::nullopt;
  switch (family[0]) {
    case 'c': return 2;
    case 'm':
    case 't':
    case 'g': return 4;
    case 'r': return 8;
    case 'x': return 16;
    default: return std::nullopt;
  }
}

int GpusOf(std::string_view family, int vcpus) {
  if (family[0] != 'g') return 0;
  if (vcpus == 48 || vcpus == 96) return 4;
  return vcpus == 192 ? 8 : 1;
}

}  // namespace

Result<Limits> LimitsOf(std::string_view instance_type, std::uint64_t volume_bytes) {
  Limits limits;
  limits.disk_bytes = volume_bytes == 0 ? 30 * kGiB : volume_bytes;
  if (instance_type == "local") return limits;
  auto unknown = [&] {
    return Fail(kUnknownInstanceType, "There is no instance type " + std::string(instance_type) +
                                          ". Types are ml.<family>.<size>, for example ml.m5.large.");
  };
  if (!instance_type.starts_with("ml.")) return unknown();
  std::string_view type = instance_type.substr(3);
  auto parts = Split(type, '.');
  if (parts.size() != 2) return unknown();
  for (const Special& special : kSpecial) {
    if (special.type != type) continue;
    limits.vcpus = special.vcpus;
    limits.memory_bytes = special.memory_gib * kGiB;
    limits.gpus = special.gpus;
    limits.max_processes = 4096;
    return limits;
  }
  auto vcpus = VcpusOfSize(parts[1]);
  auto memory = GibibytesPerVcpu(parts[0]);
  if (!vcpus || !memory) return unknown();
  limits.vcpus = *vcpus;
  limits.memory_bytes = static_cast<std::uint64_t>(*vcpus) * *memory * kGiB;
  limits.gpus = GpusOf(parts[0], *vcpus);
  limits.max_processes = 1024 + 256 * *vcpus;
  return limits;
}

}  // namespace aloft::compute
