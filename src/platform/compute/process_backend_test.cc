#include "platform/compute/process_backend.h"

#include <gmock/gmock.h>

#include "platform/compute/errors.h"
#include "platform/compute/test_support.h"

namespace aloft::compute {
namespace {

using testing::HasSubstr;

// The plain case, with everything a caller sees of it.
TEST(ProcessBackendTest, RunsATask) {
  TaskHarness harness;
  TaskSpec spec = harness.Shell("plain", "echo hello $NAME; echo error >&2; printf unfinished");
  spec.variables["NAME"] = "world";
  spec.banner = {"a line of the platform"};
  ASSERT_TRUE(harness.backend().Start(spec).ok());
  TaskStatus status = harness.WaitForEnd(spec.id);
  EXPECT_EQ(status.outcome, Outcome::kSucceeded) << status.failure;
  EXPECT_EQ(status.exit_code, 0);
  EXPECT_TRUE(status.log_complete);
  EXPECT_EQ(harness.Log(spec.id), "a line of the platform\nhello world\nerror\nunfinished\n");
  ASSERT_GE(status.transitions.size(), 3u);
  EXPECT_EQ(status.transitions.front().phase, Phase::kPending);
  EXPECT_TRUE(status.command_started && status.command_ended);
}

}  // namespace
}  // namespace aloft::compute
