#include "platform/compute/usage.h"

#include <gtest/gtest.h>

#include <fstream>

#include "foundation/os/cgroup.h"
#include "platform/compute/test_support.h"

namespace aloft::compute {
namespace {

// What the agent writes is what the server reads, from where it was; half a line is read when it is whole.
TEST(UsageTest, IsReadFromWhereItWas) {
  TaskHarness harness;
  std::ofstream file(harness.directory() + "/" + kUsageFile);
  UsageSample first{.at = FromMicros(5'000'000), .cpu_percent = 150.5, .memory_percent = 12, .disk_percent = 3};
  UsageSample second{.at = FromMicros(6'000'000), .received_bytes = 7, .sent_bytes = 8, .gpu_percent = 90.25};
  std::string line = EncodeUsage(second);
  file << EncodeUsage(first) << "nonsense\n" << line.substr(0, 10) << std::flush;
  auto chunk = ReadUsage(harness.directory(), 0);
  ASSERT_TRUE(chunk.ok());
  ASSERT_EQ(chunk->samples.size(), 1u);
  EXPECT_EQ(chunk->samples[0].at, first.at);
  EXPECT_DOUBLE_EQ(*chunk->samples[0].cpu_percent, 150.5);
  EXPECT_FALSE(chunk->samples[0].gpu_percent);
  file << line.substr(10) << std::flush;
  auto next = ReadUsage(harness.directory(), chunk->next_offset);
  ASSERT_EQ(next->samples.size(), 1u);
  EXPECT_FALSE(next->samples[0].cpu_percent);
  EXPECT_EQ(next->samples[0].sent_bytes, 8u);
  EXPECT_DOUBLE_EQ(*next->samples[0].gpu_percent, 90.25);
  EXPECT_TRUE(ReadUsage(harness.directory(), next->next_offset)->samples.empty());
  EXPECT_TRUE(ReadUsage(harness.directory() + "/nowhere", 0)->samples.empty());
}

// GPUs are summed as SageMaker does: two busy ones are 200.
TEST(UsageTest, GpusAreSummed) {
  UsageSample sample;
  EXPECT_TRUE(ParseGpus("90, 1024, 4096\n 100, 2048, 4096\n", sample));
  EXPECT_DOUBLE_EQ(*sample.gpu_percent, 190);
  EXPECT_DOUBLE_EQ(*sample.gpu_memory_percent, 75);
  for (const char* text : {"", "No devices were found\n", "[N/A], [N/A], [N/A]\n"}) {
    UsageSample none;
    EXPECT_FALSE(ParseGpus(text, none));
    EXPECT_FALSE(none.gpu_percent);
  }
}

// Even a task that ends at once leaves a sample, with what it used.
TEST(UsageTest, TasksAreMeasured) {
  TaskHarness harness;
  TaskSpec spec =
      harness.Shell("busy", "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; head -c 4000000 /dev/zero > /tmp/x");
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  EXPECT_EQ(harness.WaitForEnd(spec.id).outcome, Outcome::kSucceeded);
  auto chunk = harness.backend().ReadUsage(spec.id, 0);
  ASSERT_TRUE(chunk.ok());
  ASSERT_FALSE(chunk->samples.empty());
  const UsageSample& last = chunk->samples.back();
  EXPECT_GT(last.disk_percent, 5);
  EXPECT_LT(last.disk_percent, 7);
  if (os::DetectCgroups()->support().memory) {
    ASSERT_TRUE(last.cpu_percent && last.memory_percent);
    EXPECT_GT(*last.cpu_percent, 0);
    EXPECT_GT(*last.memory_percent, 0);
    EXPECT_LE(*last.memory_percent, 100);
  }
  EXPECT_FALSE(harness.backend().ReadUsage(TaskId("nobody"), 0).ok());
}

}  // namespace
}  // namespace aloft::compute
