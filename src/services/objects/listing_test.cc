#include <set>

#include "services/objects/contract/policy.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

using ListingTest = ObjectsTest;
INSTANTIATE_TEST_SUITE_P(Engines, ListingTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

struct Listed {
  std::vector<std::string> keys, prefixes;
  bool operator==(const Listed&) const = default;
};

// What S3 promises, said in the most naive way.
Listed Naive(const std::set<std::string>& keys, const ListRequest& request) {
  Listed listed;
  for (const auto& key : keys) {
    if (!key.starts_with(request.prefix) || key <= request.start_after) continue;
    auto at = request.delimiter.empty() ? std::string::npos : key.find(request.delimiter, request.prefix.size());
    if (at == std::string::npos) {
      listed.keys.push_back(key);
    } else {
      std::string prefix = key.substr(0, at + request.delimiter.size());
      if (prefix == request.start_after) continue;
      if (listed.prefixes.empty() || listed.prefixes.back() != prefix) listed.prefixes.push_back(prefix);
    }
  }
  return listed;
}

// Prefix, delimiter, start and page size in every combination, against the naive listing: pages lose and repeat
// nothing.
TEST_P(ListingTest, MatchesTheNaiveListing) {
  std::set<std::string> keys;
  SeededRandom random(GetParam() == kv::Engine::kMemory ? 1 : 2);
  for (int i = 0; i < 120; ++i) {
    std::string key = random.Text(1 + random.Next() % 6, "ab/-\xff");
    key.erase(std::remove(key.begin(), key.end(), '\xff'), key.end());
    if (random.Next() % 8 == 0) key += "\xc3\xbf";
    if (!key.empty() && keys.insert(key).second) MustPut(key, "");
  }
  for (const char* prefix : {"", "a", "a/", "/", "b-", "zz"}) {
    for (const char* delimiter : {"", "/", "-", "/-"}) {
      for (const char* start : {"", "a", "a/", "b/a", "~"}) {
        ListRequest request{.bucket = "data", .prefix = prefix, .delimiter = delimiter, .start_after = start};
        Listed expected = Naive(keys, request);
        for (std::size_t page_size : {1, 2, 3, 7, 1000}) {
          request.continuation_token.clear();
          request.max_keys = page_size;
          Listed listed;
          while (true) {
            auto page = objects_->ListObjects(account_, request);
            ASSERT_TRUE(page.ok()) << Describe(page.error());
            EXPECT_LE(page->objects.size() + page->common_prefixes.size(), page_size);
            for (const auto& object : page->objects) listed.keys.push_back(object.key);
            for (const auto& common : page->common_prefixes) listed.prefixes.push_back(common);
            if (!page->truncated) break;
            request.continuation_token = page->next_token;
          }
          ASSERT_EQ(listed, expected) << prefix << " " << delimiter << " " << start << " " << page_size;
        }
      }
    }
  }
}

// Another bucket whose name begins alike must never show through.
TEST_P(ListingTest, BucketsDoNotMix) {
  ASSERT_TRUE(objects_->CreateBucket(account_, region_, "data2").ok());
  ASSERT_TRUE(objects_->Put(account_, {.bucket = "data2", .key = "x"}, "").ok());
  MustPut("y", "");
  auto page = objects_->ListObjects(account_, {.bucket = "data"});
  ASSERT_EQ(page->objects.size(), 1u);
  EXPECT_EQ(page->objects[0].key, "y");
}

// A token is the server's own: anything else is refused, and no keys asked is no keys given.
TEST_P(ListingTest, TokensAndEmptyPages) {
  MustPut("a", "");
  EXPECT_EQ(objects_->ListObjects(account_, {.bucket = "data", .continuation_token = "nonsense!"}).error().reason,
            kInvalidToken);
  auto none = objects_->ListObjects(account_, {.bucket = "data", .max_keys = 0});
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->truncated);
  auto all = objects_->ListObjects(account_, {.bucket = "data", .max_keys = 1});
  EXPECT_FALSE(all->truncated);
}

// Keys are bytes, not paths: what a file system would fold or refuse is kept apart.
TEST_P(ListingTest, KeysAreBytes) {
  for (const char* key : {"../up", "a//b", "a/./b", "/lead", "%2F", "\x01", "trail/", "\xf0\x9f\x98\x80", "a\nb"}) {
    MustPut(key, key);
    EXPECT_EQ(MustGet(key), key);
  }
  std::string zero("z\0z", 3);
  MustPut(zero, "zero");
  EXPECT_EQ(MustGet(zero), "zero");
  MustPut(std::string(1024, 'k'), "long");
  EXPECT_EQ(objects_->ListObjects(account_, {.bucket = "data"})->objects.size(), 11u);
  EXPECT_EQ(objects_->Put(account_, {.bucket = "data", .key = std::string(1025, 'k')}, "").error().reason, kKeyTooLong);
  EXPECT_EQ(objects_->Put(account_, {.bucket = "data", .key = "\xff"}, "").error().reason, kInvalidKey);
  EXPECT_EQ(objects_->Put(account_, {.bucket = "data", .key = ""}, "").error().reason, kInvalidKey);
}

// The naming rules are also what keeps a bucket from being taken for a path or an address.
TEST(BucketName, Rules) {
  for (const char* good : {"abc", "my-bucket.v2", "123", "a1b"}) EXPECT_TRUE(CheckBucketName(good).ok()) << good;
  for (const char* bad : {"ab", "Abc", "a_b", "-abc", "abc-", "a..b", "192.168.0.1", "xn--abc", "abc-s3alias", "a/b",
                          "..", "abc.", "a b"})
    EXPECT_FALSE(CheckBucketName(bad).ok()) << bad;
  EXPECT_FALSE(CheckBucketName(std::string(64, 'a')).ok());
}

}  // namespace
}  // namespace aloft::objects
