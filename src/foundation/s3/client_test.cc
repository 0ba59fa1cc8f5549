#include "foundation/s3/client.h"

#include <gmock/gmock.h>

#include "foundation/s3/operations.h"
#include "foundation/s3/testing_endpoint.h"

namespace aloft::s3 {
namespace {

using testing::HasSubstr;
using testing::Not;

class S3ClientTest : public testing::Test {
 protected:
  std::unique_ptr<Client> Open(Access access) {
    Patience patience{.attempts = 3, .first_pause = std::chrono::milliseconds(1)};
    auto client = Client::Open(std::move(access), clock_, random_, patience);
    EXPECT_TRUE(client.ok());
    return std::move(client).value();
  }
  TestingEndpoint endpoint_;
  SystemClock clock_;
  SeededRandom random_{3};
  std::unique_ptr<Client> client_ = Open(endpoint_.access());
};

// Keys of every kind come through a path, a signature and a listing as they are.
TEST_F(S3ClientTest, KeysAndPages) {
  const std::vector<std::string> keys = {"a b", "plus+and&=?", "slash/ä", "z%20", "~tilde"};
  for (const auto& key : keys) ASSERT_TRUE(PutObject(*client_, "bucket", key, "of " + key).ok()) << key;
  std::vector<std::string> listed;
  std::string next;
  do {
    auto page = ListObjects(*client_, "bucket", "", next);
    ASSERT_TRUE(page.ok()) << Describe(page.error());
    for (const auto& object : page->objects) listed.push_back(object.key);
    next = page->next;
  } while (!next.empty());
  EXPECT_THAT(listed, testing::UnorderedElementsAreArray(keys));
  for (const auto& key : keys) EXPECT_EQ(*GetRange(*client_, "bucket", key, 0, 100), "of " + key);
  EXPECT_EQ(HeadObject(*client_, "bucket", "a b")->size, 6u);
}

// A range is exactly that; what changed meanwhile is told, not mixed.
TEST_F(S3ClientTest, Ranges) {
  auto etag = PutObject(*client_, "bucket", "k", "0123456789");
  ASSERT_TRUE(etag.ok());
  EXPECT_EQ(*GetRange(*client_, "bucket", "k", 3, 4, *etag), "3456");
  EXPECT_EQ(*GetRange(*client_, "bucket", "k", 8, 100, *etag), "89");
  auto tail = GetTail(*client_, "bucket", "k", 4);
  EXPECT_EQ(tail->bytes, "6789");
  EXPECT_EQ(tail->size, 10u);
  EXPECT_EQ(GetTail(*client_, "bucket", "k", 400)->size, 10u);
  ASSERT_TRUE(PutObject(*client_, "bucket", "k", "changed").ok());
  EXPECT_EQ(GetRange(*client_, "bucket", "k", 0, 1, *etag).error().reason, kConditionFailed);
}

// What may pass is asked again, what will not is not; and no error tells a secret.
TEST_F(S3ClientTest, Failures) {
  ASSERT_TRUE(PutObject(*client_, "bucket", "k", "v").ok());
  endpoint_.FailNext(2);
  EXPECT_TRUE(GetRange(*client_, "bucket", "k", 0, 1).ok());
  endpoint_.FailNext(3);
  auto busy = GetRange(*client_, "bucket", "k", 0, 1);
  EXPECT_EQ(busy.error().reason, kUnavailable);
  EXPECT_THAT(busy.error().message, HasSubstr("s3://bucket/k: SlowDown"));
  int before = endpoint_.requests();
  EXPECT_EQ(GetRange(*client_, "bucket", "absent", 0, 1).error().reason, kNotFound);
  EXPECT_EQ(endpoint_.requests(), before + 1);
  Access wrong = endpoint_.access();
  wrong.secret_access_key = "another-secret";
  auto denied = GetRange(*Open(wrong), "bucket", "k", 0, 1);
  EXPECT_EQ(denied.error().reason, kDenied);
  EXPECT_THAT(Describe(denied.error()), Not(HasSubstr("another-secret")));
  EXPECT_TRUE(DeleteObject(*client_, "bucket", "absent").ok());
  for (const char* bad : {"", "ftp://x", "http://", "http://x:port"}) {
    Access access{.endpoint = bad};
    EXPECT_EQ(Client::Open(access, clock_, random_).error().reason, kInvalidArgument) << bad;
  }
  endpoint_.Stop();
  EXPECT_FALSE(GetRange(*client_, "bucket", "k", 0, 1).ok());
}

// Parts become one object, and an upload that is ended leaves nothing.
TEST_F(S3ClientTest, Uploads) {
  auto upload = CreateUpload(*client_, "bucket", "k");
  ASSERT_TRUE(upload.ok());
  std::vector<UploadedPart> parts;
  for (int number = 1; number <= 3; ++number) {
    auto etag =
        UploadPart(*client_, "bucket", "k", *upload, number, std::string(1000, static_cast<char>('a' + number)));
    ASSERT_TRUE(etag.ok());
    parts.push_back({number, *etag, 1000});
  }
  EXPECT_EQ(ListUploads(*client_, "bucket", "")->size(), 1u);
  ASSERT_TRUE(CompleteUpload(*client_, "bucket", "k", *upload, parts).ok());
  EXPECT_EQ(HeadObject(*client_, "bucket", "k")->size, 3000u);
  auto second = CreateUpload(*client_, "bucket", "l");
  ASSERT_TRUE(AbortUpload(*client_, "bucket", "l", *second).ok());
  EXPECT_TRUE(AbortUpload(*client_, "bucket", "l", *second).ok()) << "again";
  EXPECT_EQ(endpoint_.uploads(), 0u);
}

}  // namespace
}  // namespace aloft::s3
