#include <map>

#include "services/objects/histories/testing_long.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

// Versions as they should be: of each key a list, the newest first.
class VersionsModelTest : public ObjectsTest {
 protected:
  struct Version {
    std::string id;  // "null" for the one without
    std::string body;
    bool marker = false;
  };
  using Model = std::map<std::string, std::vector<Version>>;

  std::string Key() { return std::string(1, "abc"[steps_.Next() % 3]); }
  std::string Body() {
    std::size_t sizes[] = {0, 10, 65, 1000};
    return steps_.Text(sizes[steps_.Next() % 4], "abcdefgh");
  }

  // What a new version does to those that are there.
  void Add(const std::string& key, const std::string& id, const std::string& body, bool marker) {
    auto& versions = model_[key];
    if (versioning_ != Versioning::kEnabled)
      std::erase_if(versions, [](const Version& version) { return version.id == "null"; });
    versions.insert(versions.begin(), {id.empty() ? "null" : id, body, marker});
  }

  void Put() {
    std::string key = Key(), body = Body();
    Add(key, MustPut(key, body).version_id, body, false);
  }

  void Delete() {
    std::string key = Key();
    auto deleted = objects_->DeleteObject(account_, {.bucket = "data", .key = key});
    ASSERT_TRUE(deleted.ok()) << Describe(deleted.error());
    if (versioning_ == Versioning::kNever)
      model_.erase(key);
    else
      Add(key, deleted->version_id, "", true);
  }

  void DeleteVersion() {
    std::string key = Key();
    auto found = model_.find(key);
    if (found == model_.end() || found->second.empty()) return;
    auto at = found->second.begin() + static_cast<long>(steps_.Next() % found->second.size());
    auto deleted = objects_->DeleteObject(account_, {.bucket = "data", .key = key, .version = at->id});
    ASSERT_TRUE(deleted.ok()) << Describe(deleted.error());
    EXPECT_EQ(deleted->delete_marker, at->marker);
    found->second.erase(at);
  }

  void Copy() {
    std::string from = Key(), to = Key();
    auto found = model_.find(from);
    if (found == model_.end() || found->second.empty()) return;
    const Version source = found->second[steps_.Next() % found->second.size()];
    CopyRequest request{.source_bucket = "data", .source_key = from, .source_version = source.id};
    request.target = {.bucket = "data", .key = to};
    auto copied = objects_->CopyObject(account_, request);
    ASSERT_EQ(copied.ok(), !source.marker);
    if (copied.ok()) Add(to, copied->version_id, source.body, false);
  }

  void Upload() {
    std::string key = Key(), body = Body();
    UploadInfo upload = MustCreateUpload(key);
    auto part = PutPart(upload, 1, body);
    ASSERT_TRUE(part.ok());
    auto completed = objects_->CompleteUpload(account_, Completion(upload, {*part}));
    ASSERT_TRUE(completed.ok());
    Add(key, completed->version_id, body, false);
  }

  void Step() {
    switch (steps_.Next() % 12) {
      case 0:
      case 1:
      case 2: Put(); break;
      case 3:
      case 4: Delete(); break;
      case 5:
      case 6:
      case 7: DeleteVersion(); break;
      case 8: Copy(); break;
      case 9: Upload(); break;
      case 10: clock_.Advance(std::chrono::milliseconds(static_cast<int>(steps_.Next() % 3) - 1)); break;
      default:
        if (steps_.Next() % 5 != 0) break;
        versioning_ = steps_.Next() % 2 == 0 ? Versioning::kEnabled : Versioning::kSuspended;
        ASSERT_TRUE(objects_->SetVersioning(account_, "data", versioning_).ok());
    }
  }

  void Check() {
    std::vector<std::string> expected, shown;
    for (const auto& [key, versions] : model_)
      for (const auto& version : versions) expected.push_back(key + " " + version.id + (version.marker ? " -" : ""));
    auto page = objects_->ListVersions(account_, {.bucket = "data"});
    ASSERT_TRUE(page.ok());
    for (const auto& info : page->versions)
      shown.push_back(info.key + " " + info.version_id + (info.is_delete_marker ? " -" : ""));
    ASSERT_EQ(shown, expected);
    for (const auto& [key, versions] : model_) {
      bool live = !versions.empty() && !versions.front().marker;
      EXPECT_EQ(objects_->HeadObject(account_, "data", key).ok(), live);
      for (const auto& version : versions) {
        if (version.marker) continue;
        auto reader = objects_->GetObject(account_, "data", key, {.version = version.id});
        ASSERT_TRUE(reader.ok()) << Describe(reader.error());
        std::string body((*reader)->info().size, '\0');
        ASSERT_TRUE((*reader)->Read(0, {reinterpret_cast<std::uint8_t*>(body.data()), body.size()}).ok());
        EXPECT_EQ(body, version.body);
      }
    }
    auto report = objects_->Check({}, [](const Problem& problem) { ADD_FAILURE() << problem.what; });
    EXPECT_TRUE(report.ok());
  }

  Model model_;
  SeededRandom steps_{RandomSeed(7)};
  Versioning versioning_ = Versioning::kNever;
};
INSTANTIATE_TEST_SUITE_P(Engines, VersionsModelTest, testing::Values(kv::Engine::kMemory, kv::Engine::kRocks),
                         kv::EngineName);

// Any sequence of operations on versions, with restarts and reclaim between them, through every change of versioning,
// leaves exactly the versions it should, in order, and no bytes besides.
TEST_P(VersionsModelTest, RandomOperations) {
  int rounds = Rounds(GetParam() == kv::Engine::kMemory ? 600 : 100);
  for (int round = 1; round <= rounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(Step()) << "round " << round;
    if (round % 20 == 0) {
      ASSERT_NO_FATAL_FAILURE(Check()) << "round " << round;
    }
    if (round % 100 == 0) {
      Restart();
      ReclaimAll();
    }
  }
  for (const auto& [key, versions] : model_)
    for (const auto& version : versions)
      ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = key, .version = version.id}).ok());
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 0u);
  for (const char* space : {"objects.index", "objects.version", "objects.inline", "objects.holder", "objects.garbage"})
    EXPECT_TRUE(store_->Scan(space, {})->entries.empty()) << space;
}

}  // namespace
}  // namespace aloft::objects
