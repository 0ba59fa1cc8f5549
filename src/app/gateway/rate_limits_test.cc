#include "app/gateway/rate_limits.h"

#include <gtest/gtest.h>

namespace aloft::gateway {
namespace {

api::Row RowOf(std::string_view service, std::string_view operation) {
  return {service, operation, api::kSigV4, api::BodyMode::kBuffered, 0, {}, {}, {}};
}

identity::Session SessionOf(const std::string& id) {
  identity::Session session;
  session.kind = identity::PrincipalKind::kRole;
  session.account = AccountId("123456789012");
  session.principal_id = id;
  return session;
}

class RateLimitsTest : public testing::Test {
 protected:
  // How many of `n` requests at once pass.
  int Pass(int n, const identity::Session& session, const api::Row& row, const std::string& address = "10.0.0.1") {
    int out = 0;
    for (int i = 0; i < n; ++i) out += limits_.Admit(session, address, row).ok() ? 1 : 0;
    return out;
  }
  ManualClock clock_;
  RateLimits limits_{{.control = 10, .data = 100, .anonymous = 5}, clock_};
  const api::Row control_ = RowOf("iam", "CreateUser"), data_ = RowOf("s3", "PutObject");
};

// A burst passes, then the rate; time gives back what was used, and no more than a burst.
TEST_F(RateLimitsTest, RefillsWithTime) {
  const auto session = SessionOf("AROA:s");
  EXPECT_EQ(Pass(100, session, control_), 20);
  clock_.Advance(std::chrono::milliseconds(500));
  EXPECT_EQ(Pass(100, session, control_), 5);
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(Pass(100, session, control_), 20);
  EXPECT_EQ(limits_.Admit(session, "", control_).error().reason, kTooManyRequests);
}

// One caller's rush is nobody else's; control and data do not share; a role's sessions do.
TEST_F(RateLimitsTest, CallersAreApart) {
  EXPECT_EQ(Pass(100, SessionOf("AROA1:a"), control_), 20);
  EXPECT_EQ(Pass(100, SessionOf("AROA1:b"), control_), 0);
  EXPECT_EQ(Pass(100, SessionOf("AROA2:a"), control_), 20);
  EXPECT_EQ(Pass(1000, SessionOf("AROA1:a"), data_), 200);
}

// Nobody is counted by address, an IPv6 network as one.
TEST_F(RateLimitsTest, NobodyIsCountedByAddress) {
  const identity::Session nobody;
  EXPECT_EQ(Pass(100, nobody, data_, "2001:db8:1:2:3:4:5:6"), 10);
  EXPECT_EQ(Pass(100, nobody, data_, "2001:db8:1:2:ffff:4:5:6"), 0);
  EXPECT_EQ(Pass(100, nobody, data_, "2001:db8:1:3:3:4:5:6"), 10);
}

// A flood of callers does not grow the table without end.
TEST_F(RateLimitsTest, MemoryIsBounded) {
  for (int i = 0; i < 100'000; ++i) Pass(1, SessionOf("AROA" + std::to_string(i)), control_);
  EXPECT_LE(limits_.size(), 16u * 4096u);
}

// Zero is no limit, for who knows better.
TEST(RateLimits, ZeroIsNoLimit) {
  ManualClock clock;
  RateLimits limits({.control = 0, .data = 0, .anonymous = 0}, clock);
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(limits.Admit(SessionOf("AROA"), "", RowOf("s3", "GetObject")).ok());
  EXPECT_EQ(limits.size(), 0u);
}

}  // namespace
}  // namespace aloft::gateway
