#include "platform/work/lease.h"

#include "foundation/sql/testing_engines.h"

namespace aloft::work {
namespace {

using std::chrono::seconds;

class LeaseTest : public sql::EngineTest {
 protected:
  void SetUp() override {
    auto migrations = Migrations();
    Open({migrations.begin(), migrations.end()});
    leases_ = std::make_unique<Leases>(*database_, clock_);
  }
  // The holder's time is over: by the clock where it counts, else as if its end had been written so.
  void Expire() {
    clock_.Advance(seconds(16));
    auto done = database_->Write([](sql::Transaction& t) { return t.Execute("UPDATE work_leases SET expires = 0"); });
    ASSERT_TRUE(done.ok());
  }
  std::optional<Lease> Acquire(const std::string& holder) {
    auto lease = leases_->Acquire("loop", holder, seconds(15));
    EXPECT_TRUE(lease.ok()) << Describe(lease.error());
    return lease.ok() ? *lease : std::nullopt;
  }
  Status Check(const Lease& lease) {
    return database_->Write([&](sql::Transaction& t) { return CheckLease(t, lease); });
  }

  ManualClock clock_;
  std::unique_ptr<Leases> leases_;
};

INSTANTIATE_TEST_SUITE_P(Engines, LeaseTest, testing::Values(sql::Engine::kSqlite, sql::Engine::kPostgres),
                         sql::EngineName);

// One holder at a time; after its end the next gets a higher epoch, and the old one may write nothing more.
TEST_P(LeaseTest, OneHolderAndFencing) {
  auto first = Acquire("one");
  ASSERT_TRUE(first);
  EXPECT_FALSE(Acquire("two"));
  EXPECT_TRUE(Check(*first).ok());
  Expire();
  EXPECT_TRUE(Check(*first).ok()) << "nobody took over";
  auto second = Acquire("two");
  ASSERT_TRUE(second);
  EXPECT_GT(second->epoch, first->epoch);
  EXPECT_EQ(Check(*first).error().reason, kLeaseLost);
  EXPECT_EQ(leases_->Renew(*first, seconds(15)).error().reason, kLeaseLost);
}

// Renewing keeps the epoch and moves the end; releasing lets another in at once.
TEST_P(LeaseTest, RenewAndRelease) {
  auto lease = Acquire("one");
  clock_.Advance(seconds(10));
  auto renewed = leases_->Renew(*lease, seconds(15));
  ASSERT_TRUE(renewed.ok());
  EXPECT_EQ(renewed->epoch, lease->epoch);
  clock_.Advance(seconds(10));
  EXPECT_FALSE(Acquire("two"));
  EXPECT_TRUE(leases_->Release(*renewed).ok());
  EXPECT_TRUE(Acquire("two"));
  EXPECT_TRUE(leases_->Release(*renewed).ok());
}

// A process that died and is back does not wait for its own lease, and its old self is fenced off.
TEST_P(LeaseTest, SameHolderComesBack) {
  auto old = Acquire("one");
  auto back = Acquire("one");
  ASSERT_TRUE(back);
  EXPECT_GT(back->epoch, old->epoch);
  EXPECT_EQ(Check(*old).error().reason, kLeaseLost);
}

}  // namespace
}  // namespace aloft::work
