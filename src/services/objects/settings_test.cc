// Configurations of buckets as this room keeps them: whole, gone with their bucket, and told apart by version.
#include "services/objects/contract/settings.h"

#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

using SettingsTest = ObjectsTest;
INSTANTIATE_TEST_SUITE_P(Engines, SettingsTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// A configuration that was acknowledged is there after a restart, and removing it leaves nothing.
TEST_P(SettingsTest, AreKeptAndRemoved) {
  EXPECT_FALSE(objects_->GetSetting(account_, "data", "policy")->has_value());
  ASSERT_TRUE(objects_->PutSetting(account_, "data", "policy", "{}").ok());
  ASSERT_TRUE(objects_->PutSetting(account_, "data", "inventory/b", "2").ok());
  ASSERT_TRUE(objects_->PutSetting(account_, "data", "inventory/a", "1").ok());
  Restart();
  EXPECT_EQ(**objects_->GetSetting(account_, "data", "policy"), "{}");
  EXPECT_EQ(*objects_->ListSettings(account_, "data", "inventory/"),
            (Pairs{{"inventory/a", "1"}, {"inventory/b", "2"}}));
  ASSERT_TRUE(objects_->DeleteSetting(account_, "data", "policy").ok());
  ASSERT_TRUE(objects_->DeleteSetting(account_, "data", "policy").ok());
  EXPECT_FALSE(objects_->GetSetting(account_, "data", "policy")->has_value());
}

// Whoever compiled a policy may go on using it exactly until the version moves.
TEST_P(SettingsTest, EveryChangeMovesTheVersion) {
  auto before = objects_->Locate("data");
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->bucket.account, account_);
  MustPut("k", "x");
  EXPECT_EQ(objects_->Locate("data")->version, before->version) << "objects are no settings";
  ASSERT_TRUE(objects_->PutSetting(account_, "data", "policy", "{}").ok());
  auto put = objects_->Locate("data")->version;
  EXPECT_GT(put, before->version);
  ASSERT_TRUE(objects_->DeleteSetting(account_, "data", "policy").ok());
  EXPECT_GT(objects_->Locate("data")->version, put);
  EXPECT_EQ(objects_->Locate("none").error().reason, kNoSuchBucket);
}

// A new bucket of an old name must not inherit who may read the old one.
TEST_P(SettingsTest, EndWithTheirBucket) {
  ASSERT_TRUE(objects_->CreateBucket(account_, Region("r"), "short", {{"acl", "public"}}).ok());
  EXPECT_EQ(**objects_->GetSetting(account_, "short", "acl"), "public");
  ASSERT_TRUE(objects_->PutSetting(account_, "short", "policy", "{}").ok());
  ASSERT_TRUE(objects_->DeleteBucket(account_, "short").ok());
  ASSERT_TRUE(objects_->CreateBucket(account_, Region("r"), "short").ok());
  EXPECT_FALSE(objects_->GetSetting(account_, "short", "policy")->has_value());
  EXPECT_FALSE(objects_->GetSetting(account_, "short", "acl")->has_value());
}

// What one account configures another neither reads nor changes, and nothing is kept without bound.
TEST_P(SettingsTest, HaveOwnersAndLimits) {
  AccountId other("999999999999");
  EXPECT_EQ(objects_->GetSetting(other, "data", "policy").error().reason, kForeignBucket);
  EXPECT_EQ(objects_->PutSetting(other, "data", "policy", "{}").error().reason, kForeignBucket);
  EXPECT_EQ(objects_->DeleteSetting(other, "data", "policy").error().reason, kForeignBucket);
  EXPECT_EQ(objects_->PutSetting(account_, "data", "p", std::string(kMaxSettingBytes + 1, 'x')).error().reason,
            kSettingTooLarge);
  EXPECT_EQ(objects_->PutSetting(account_, "none", "policy", "{}").error().reason, kNoSuchBucket);
}

}  // namespace
}  // namespace aloft::objects
