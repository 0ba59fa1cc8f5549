// The object store over real files: what the fake cannot show.
#include <unistd.h>

#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() { Open(); }
  void Open() {
    objects_.reset();
    blobs_.reset();
    store_.reset();
    kv::Options options;
    options.path = directory_.path() + "/kv";
    auto store = kv::Store::Open(options, Log::Discard());
    auto blobs = blob::OpenDirectoryStore(directory_.path() + "/blob", random_, Log::Discard());
    EXPECT_TRUE(store.ok() && blobs.ok());
    store_ = std::move(store).value();
    blobs_ = std::move(blobs).value();
    objects_ = std::make_unique<Service>(*store_, *blobs_, clock_, random_, Log::Discard());
  }

  AccountId account_{"111122223333"};
  SystemClock clock_;  // files have the system's dates
  SystemRandom random_;
  kv::TemporaryDirectory directory_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<blob::Store> blobs_;
  std::unique_ptr<Service> objects_;
};

// Large bodies are sent by the kernel from the file: the extent must be exactly the object's bytes, also of a range,
// and stay readable after the object is gone.
TEST_F(DirectoryTest, ExtentsAreTheBytes) {
  ASSERT_TRUE(objects_->CreateBucket(account_, Region("r"), "data").ok());
  std::string body = Bytes(300'000);
  ASSERT_TRUE(objects_->Put(account_, {.bucket = "data", .key = "k"}, body).ok());
  Open();
  auto reader = objects_->GetObject(account_, "data", "k");
  ASSERT_TRUE(reader.ok()) << Describe(reader.error());
  auto extent = (*reader)->Extent(1000, 200'000);
  ASSERT_TRUE(extent.ok() && *extent);
  EXPECT_EQ((*extent)->length, 200'000u);
  reader->reset();
  ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = "k"}).ok());
  EXPECT_EQ(objects_->Reclaim(std::chrono::seconds(-1))->released, 1u);
  std::string got(200'000, '\0');
  ASSERT_EQ(pread(*(*extent)->fd, got.data(), got.size(), static_cast<off_t>((*extent)->offset)), 200'000);
  EXPECT_EQ(got, body.substr(1000, 200'000));
}

// A put that never commits leaves no file that counts as a blob.
TEST_F(DirectoryTest, AbandonedPutsLeaveNothing) {
  ASSERT_TRUE(objects_->CreateBucket(account_, Region("r"), "data").ok());
  {
    auto session = objects_->BeginPut(account_, {.bucket = "data", .key = "k"});
    ASSERT_TRUE(session.ok());
    ASSERT_TRUE((*session)->Append(AsBytes(Bytes(500'000))).ok());
  }
  int blobs = 0;
  ASSERT_TRUE(blobs_->List([&](const blob::BlobId&, Time) { return ++blobs != 0; }).ok());
  EXPECT_EQ(blobs, 0);
}

}  // namespace
}  // namespace aloft::objects
