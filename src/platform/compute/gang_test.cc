// Hosts of one job: they start together, reach each other by name, and the first stores what all have made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "platform/compute/scheduler.h"
#include "platform/compute/test_support.h"

namespace aloft::compute {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class GangTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "this machine lends no TUN devices";
  }
  std::vector<TaskSpec> Gang(const std::string& name, const std::vector<std::string>& scripts) {
    std::vector<TaskSpec> specs;
    for (std::size_t i = 0; i < scripts.size(); ++i) {
      TaskSpec spec = harness_.Shell(name + "." + std::to_string(i + 1), scripts[i]);
      spec.host_name = "algo-" + std::to_string(i + 1);
      spec.gang.index = static_cast<int>(i);
      specs.push_back(std::move(spec));
    }
    for (TaskSpec& spec : specs)
      for (const TaskSpec& other : specs) {
        spec.gang.members.push_back(other.id);
        spec.gang.host_names.push_back(other.host_name);
      }
    return specs;
  }
  void StartAll(const std::vector<TaskSpec>& specs) {
    for (const TaskSpec& spec : specs) ASSERT_TRUE(harness_.backend().Start(spec).ok());
  }
  TaskHarness harness_;
};

constexpr char kServe[] =
    "exec python3 -c 'import socket; s = socket.create_server((\"\", 7777)); c, a = s.accept(); n = 0\n"
    "while True:\n"
    "  d = c.recv(1 << 20)\n"
    "  if not d: break\n"
    "  n += len(d)\n"
    "print(\"got\", n, \"from\", a[0], socket.gethostname())'";
constexpr char kSend[] =
    "exec python3 -c 'import socket, time\n"
    "for i in range(300):\n"
    "  try: s = socket.create_connection((\"algo-1\", 7777)); break\n"
    "  except OSError: time.sleep(0.1)\n"
    "s.sendall(b\"x\" * (32 << 20)); s.close(); print(\"sent\", socket.gethostbyname(\"algo-2\"))'";

// By name and in bulk; the other hosts' network stays closed to everybody else, and nothing stays behind.
TEST_F(GangTest, HostsReachEachOther) {
  auto specs = Gang("net", {kServe, kSend});
  StartAll(specs);
  for (const TaskSpec& spec : specs)
    EXPECT_EQ(harness_.WaitForEnd(spec.id).outcome, Outcome::kSucceeded) << harness_.Log(spec.id);
  EXPECT_THAT(harness_.Log(specs[0].id), HasSubstr("got 33554432 from 10.55.0.2 algo-1"));
  EXPECT_THAT(harness_.Log(specs[1].id), HasSubstr("sent 10.55.0.2"));
  EXPECT_TRUE(fs::is_empty(harness_.directory() + "/run")) << "of the network nothing is left";
}

// None starts before all are accepted; a server that comes back in between starts the rest.
TEST_F(GangTest, StartTogetherOrNotAtAll) {
  auto specs = Gang("together", {"true", "true"});
  ASSERT_TRUE(harness_.backend().Start(specs[0]).ok());
  TaskStatus first = *harness_.backend().Observe(specs[0].id);
  EXPECT_EQ(first.phase, Phase::kPending);
  EXPECT_THAT(first.message, HasSubstr("waits for the other instances"));
  harness_.Close();
  ASSERT_TRUE(harness_.backend().Start(specs[1]).ok());
  for (const TaskSpec& spec : specs) EXPECT_EQ(harness_.WaitForEnd(spec.id).outcome, Outcome::kSucceeded);

  auto large = Gang("large", {"true", "true"});
  for (TaskSpec& spec : large) spec.limits.memory_bytes = 2'500u << 20;
  StartAll(large);
  EXPECT_THAT(harness_.backend().Observe(large[1].id)->message, HasSubstr("2 instances that start together"));
}

// What the hosts wrote is one result; a later host's file wins.
TEST_F(GangTest, ResultsAreMerged) {
  auto specs =
      Gang("merge", {"cd /opt/ml/model; mkdir d; echo 1 > one; echo 1 > d/same",
                     "sleep 1; cd /opt/ml/model; mkdir d; echo 2 > two; echo 2 > d/same; ln -s /etc/passwd l"});
  for (TaskSpec& spec : specs)
    spec.outputs = {{.path = "/opt/ml/model", .s3_uri = "s3://data/model/", .archive = false, .merge = true}};
  StartAll(specs);
  for (const TaskSpec& spec : specs)
    EXPECT_EQ(harness_.WaitForEnd(spec.id).outcome, Outcome::kSucceeded) << harness_.Log(spec.id);
  auto text = [&](const std::string& key) {
    std::ifstream file(harness_.ObjectPath("model/" + key));
    std::string line;
    std::getline(file, line);
    return line;
  };
  EXPECT_EQ(text("one") + text("two") + text("d/same"), "122");
  EXPECT_FALSE(fs::exists(harness_.ObjectPath("model/l")));
}

// A host that fails leaves no whole result: the first stores none, and a discarded host ends at once.
TEST_F(GangTest, AFailedHostSpoilsTheResult) {
  auto specs = Gang("spoilt", {"echo x > /opt/ml/model/x", "exit 3", "trap '' TERM; sleep 600 & wait; sleep 600"});
  for (TaskSpec& spec : specs)
    spec.outputs = {{.path = "/opt/ml/model", .s3_uri = "s3://data/model/", .archive = false, .merge = true}};
  StartAll(specs);
  EXPECT_EQ(harness_.WaitForEnd(specs[1].id).outcome, Outcome::kFailed);
  for (int host : {0, 2})
    ASSERT_TRUE(harness_.backend().Stop(specs[static_cast<std::size_t>(host)].id, StopMode::kDiscard).ok());
  for (int host : {0, 2}) harness_.WaitForEnd(specs[static_cast<std::size_t>(host)].id);
  EXPECT_FALSE(fs::exists(harness_.ObjectPath("model/x")));
}

// Priorities first; then queues take turns by what they hold; within a queue the oldest first.
TEST(StartOrder, IsFair) {
  Time now(std::chrono::seconds(100));
  auto waiting = [&](const char* id, int age, const char* queue, double held = 0, int priority = 0) {
    return Waiting{TaskId(id), now - std::chrono::seconds(age), priority, queue, held, 2};
  };
  std::string order;
  for (const TaskId& id :
       StartOrder({waiting("a1", 50, "a"), waiting("a2", 40, "a"), waiting("a3", 30, "a"), waiting("b1", 20, "b"),
                   waiting("b2", 10, "b"), waiting("c1", 5, "c", 4), waiting("urgent", 1, "a", 0, 9)}))
    order += id.value() + " ";
  EXPECT_EQ(order, "urgent b1 a1 b2 a2 c1 a3 ");
}

}  // namespace
}  // namespace aloft::compute
