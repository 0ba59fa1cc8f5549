#include <map>

#include "services/objects/histories/testing_long.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

// The object store as it should be: a map, and uploads as maps of parts.
struct Model {
  struct Upload {
    std::string key;
    std::map<int, std::pair<Part, std::string>> parts;
  };
  std::map<std::string, std::string> objects;
  std::map<std::string, Upload> uploads;
};

class ModelTest : public ObjectsTest {
 protected:
  std::string Key() { return std::string(1, "abc"[steps_.Next() % 3]) + (steps_.Next() % 2 == 0 ? "" : "/x"); }
  std::string Body() {
    std::size_t sizes[] = {0, 10, 64, 65, 150, 1000};
    return steps_.Text(sizes[steps_.Next() % 6], "abcdefgh");
  }

  void Step() {
    switch (steps_.Next() % 10) {
      case 0:
      case 1: Put(); break;
      case 2: Delete(); break;
      case 3:
      case 4: Copy(); break;
      case 5: Create(); break;
      case 6: PutSomePart(); break;
      case 7: CopySomePart(); break;
      case 8: CompleteOrAbort(); break;
      default: Check(); break;
    }
  }

  void Put() {
    std::string key = Key(), body = Body();
    MustPut(key, body);
    model_.objects[key] = body;
  }

  void Delete() {
    std::string key = Key();
    ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = key}).ok());
    model_.objects.erase(key);
  }

  void Copy() {
    std::string from = Key(), to = Key();
    CopyRequest request{.source_bucket = "data", .source_key = from, .target = {.bucket = "data", .key = to}};
    auto copied = objects_->CopyObject(account_, request);
    ASSERT_EQ(copied.ok(), model_.objects.contains(from));
    if (copied.ok()) model_.objects[to] = model_.objects[from];
  }

  void Create() {
    if (model_.uploads.size() > 3) return;
    std::string key = Key();
    model_.uploads[MustCreateUpload(key).id.value()].key = key;
  }

  // A random upload, or the end where there is none.
  auto Some() {
    auto at = model_.uploads.begin();
    if (!model_.uploads.empty()) std::advance(at, steps_.Next() % model_.uploads.size());
    return at;
  }

  void PutSomePart() {
    auto upload = Some();
    if (upload == model_.uploads.end()) return;
    int number = 1 + static_cast<int>(steps_.Next() % 3);
    std::string body = Body();
    auto part = PutPart({.key = upload->second.key, .id = UploadId(upload->first)}, number, body);
    ASSERT_TRUE(part.ok()) << Describe(part.error());
    upload->second.parts[number] = {*part, body};
  }

  void CopySomePart() {
    auto upload = Some();
    std::string from = Key();
    if (upload == model_.uploads.end()) return;
    PartRequest request{.bucket = "data", .key = upload->second.key, .upload = UploadId(upload->first)};
    request.number = 1 + static_cast<int>(steps_.Next() % 3);
    auto part = objects_->CopyPart(account_, request, {.bucket = "data", .key = from});
    ASSERT_EQ(part.ok(), model_.objects.contains(from));
    if (part.ok()) upload->second.parts[request.number] = {*part, model_.objects[from]};
  }

  void CompleteOrAbort() {
    auto upload = Some();
    if (upload == model_.uploads.end()) return;
    UploadInfo info{.key = upload->second.key, .id = UploadId(upload->first)};
    std::vector<Part> parts;
    std::string whole;
    bool small = false;
    for (const auto& [number, part] : upload->second.parts) {
      if (!parts.empty() && parts.back().size < objects_->limits().min_part_bytes) small = true;
      parts.push_back(part.first);
      whole += part.second;
    }
    if (parts.empty() || small || steps_.Next() % 3 == 0) {
      ASSERT_TRUE(objects_->AbortUpload(account_, "data", info.key, info.id).ok());
    } else {
      auto completed = objects_->CompleteUpload(account_, Completion(info, parts));
      ASSERT_TRUE(completed.ok()) << Describe(completed.error());
      model_.objects[info.key] = whole;
    }
    model_.uploads.erase(upload);
  }

  void Check() {
    auto page = objects_->ListObjects(account_, {.bucket = "data"});
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(page->objects.size(), model_.objects.size());
    auto expected = model_.objects.begin();
    for (const auto& object : page->objects) {
      EXPECT_EQ(object.key, expected->first);
      EXPECT_EQ(object.size, expected->second.size());
      EXPECT_EQ(MustGet(object.key), expected->second);
      ++expected;
    }
    EXPECT_EQ(objects_->ListUploads(account_, {.bucket = "data"})->uploads.size(), model_.uploads.size());
  }

  Model model_;
  SeededRandom steps_{RandomSeed(7)};
};

INSTANTIATE_TEST_SUITE_P(Engines, ModelTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// Any sequence of operations, with restarts and reclaim between them, leaves exactly the objects it should and no bytes
// besides.
TEST_P(ModelTest, RandomOperations) {
  int rounds = Rounds(GetParam() == kv::Engine::kMemory ? 800 : 200);
  for (int round = 1; round <= rounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(Step()) << "round " << round;
    if (round % 100 == 0) {
      Restart();
      ReclaimAll();
      ASSERT_NO_FATAL_FAILURE(Check());
    }
  }
  while (!model_.uploads.empty()) {
    auto upload = model_.uploads.begin();
    ASSERT_TRUE(objects_->AbortUpload(account_, "data", upload->second.key, UploadId(upload->first)).ok());
    model_.uploads.erase(upload);
  }
  for (const auto& [key, body] : model_.objects)
    ASSERT_TRUE(objects_->DeleteObject(account_, {.bucket = "data", .key = key}).ok());
  ReclaimAll();
  EXPECT_EQ(blobs_.count(), 0u);
  for (const char* space :
       {"objects.index", "objects.inline", "objects.upload", "objects.part", "objects.holder", "objects.garbage"})
    EXPECT_TRUE(store_->Scan(space, {})->entries.empty()) << space;
}

}  // namespace
}  // namespace aloft::objects
