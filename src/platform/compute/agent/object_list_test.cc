// Which objects an input means: prefixes, manifests, shares of hosts, orders of epochs; and directories kept stored.
#include "platform/compute/agent/object_list.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "platform/compute/agent/directory_sync.h"
#include "platform/compute/agent/directory_transfer.h"
#include "platform/compute/agent/pipes.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;

class ObjectListTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "aloft-list-XXXXXX";
    root_ = mkdtemp(name.data());
    transfer_ = OpenDirectoryTransfer(root_);
    for (const char* key : {"data/a", "data/b", "data/deep/c", "data/d", "other/e"}) Put(key, key);
  }
  void TearDown() override { fs::remove_all(root_); }
  void Put(const std::string& key, const std::string& text) {
    fs::path path = root_ + "/bucket/" + key;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string Get(const std::string& key) {
    std::ifstream file(root_ + "/bucket/" + key);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Result<std::vector<ListedObject>> List(const Input& input) {
    return ListObjects(*transfer_, input, [this]() -> Result<os::Fd> {
      return os::Fd(::open(root_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    });
  }
  std::string Paths(const Input& input) {
    auto listed = List(input);
    if (!listed.ok()) return std::string(listed.error().reason.name);
    std::string all;
    for (const auto& object : *listed) all += object.path + " ";
    return all;
  }
  std::string root_;
  std::unique_ptr<ObjectTransfer> transfer_;
};

// Every host gets its share, each object exactly one host; what is absent is an error unless it may be.
TEST_F(ObjectListTest, PrefixesAndShares) {
  Input input{.s3_uri = "s3://bucket/data/"};
  EXPECT_EQ(Paths(input), "a b d deep/c ");
  input.shards = 3;
  EXPECT_EQ(Paths(input), "a deep/c ");
  input.shard = 2;
  EXPECT_EQ(Paths(input), "d ");
  Input absent{.s3_uri = "s3://bucket/nowhere/"};
  EXPECT_EQ(Paths(absent), kObjectMissing.name);
  absent.optional = true;
  EXPECT_EQ(Paths(absent), "");
}

// A manifest names its objects in its own order; one that leads out of the directory or is none is refused.
TEST_F(ObjectListTest, Manifests) {
  Input input{.s3_uri = "s3://bucket/m", .kind = Input::Kind::kManifest};
  Put("m", R"([{"prefix":"s3://bucket/data/"}, "deep/c", "a", {"prefix":"s3://bucket/other/"}, "e"])");
  EXPECT_EQ(Paths(input), "deep/c a e ");
  for (const char* bad : {"{}", "[1]", R"([{"x":1}])", R"([{"prefix":"s3://bucket/"}, "../../etc/passwd"])",
                          R"(["no-uri"])", "not json"}) {
    Put("m", bad);
    EXPECT_EQ(Paths(input), kInvalidArgument.name) << bad;
  }
}

// The order depends on seed and epoch, and on nothing else.
TEST_F(ObjectListTest, Shuffles) {
  auto order = [&](std::int64_t seed, int epoch) {
    Input input{.s3_uri = "s3://bucket/", .shuffle_seed = seed};
    auto objects = *ListObjects(*transfer_, input, nullptr, epoch);
    std::string all;
    for (const auto& object : objects) all += object.path + " ";
    return all;
  };
  EXPECT_EQ(order(7, 0), order(7, 0));
  std::set<std::string> orders;
  for (int epoch = 0; epoch < 20; ++epoch) orders.insert(order(7, epoch));
  EXPECT_GT(orders.size(), 5u);
  std::set<std::size_t> dealt;
  for (int shard : {0, 1, 2})
    for (std::size_t index : ShareOf(10, {.s3_uri = {}, .shard = shard, .shards = 3, .shuffle_seed = 7}, 4))
      dealt.insert(index);
  EXPECT_EQ(dealt.size(), 10u) << "each one once, over all hosts";
}

// What code reads of a pipe: each object, epoch after epoch, unpacked and wrapped as asked.
TEST_F(ObjectListTest, Pipes) {
  fs::create_directories(root_ + "/bucket/ml");
  os::Fd ml(::open((root_ + "/bucket/ml").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::vector<std::string> said;
  Pipes pipes(*transfer_, {.ml = ml.get(),
                           .scratch = root_,
                           .owner = {},
                           .disk_bytes = 1 << 20,
                           .cancelled = [] { return false; },
                           .progress = [&](std::string_view line) { said.emplace_back(line); }});
  Input input{.s3_uri = "s3://bucket/data/", .path = "/opt/ml/input/data/train", .pipe = true};
  ASSERT_TRUE(pipes.Open(input).ok());
  Input wrapped = input;
  wrapped.path = "/opt/ml/input/data/wrapped";
  wrapped.record_io = true;
  ASSERT_TRUE(pipes.Open(wrapped).ok());
  auto read = [&](const std::string& name) {
    std::ifstream file(root_ + "/bucket/ml/input/data/" + name, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  };
  EXPECT_EQ(read("train_0"), "data/adata/bdata/ddata/deep/c");
  EXPECT_EQ(read("train_1"), "data/adata/bdata/ddata/deep/c") << "each epoch anew";
  auto record = [](const std::string& text) { return RecordHead(text.size()) + text + RecordTail(text.size()); };
  EXPECT_EQ(read("wrapped_0"), record("data/a") + record("data/b") + record("data/d") + record("data/deep/c"));
  EXPECT_EQ(record("data/a").size() % 4, 0u);
  Put("lines",
      "{\"source-ref\":\"s3://bucket/data/a\",\"label\":3}\n{\"source-ref\":\"s3://bucket/other/e\",\"label\":4}\n");
  Input augmented{
      .s3_uri = "s3://bucket/lines", .kind = Input::Kind::kAugmentedManifest, .path = "/opt/ml/input/data/labelled"};
  augmented.attributes = {"source-ref", "label"};
  ASSERT_TRUE(pipes.Open(augmented).ok());
  EXPECT_EQ(read("labelled_0"), "data/a3other/e4");
  Input absent{.s3_uri = "s3://bucket/nowhere/", .path = "/opt/ml/input/data/absent"};
  EXPECT_EQ(pipes.Open(absent).error().reason, kObjectMissing);
  pipes.Stop();
  EXPECT_TRUE(said.empty() && pipes.failure().empty());
}

// A changed file is stored once two looks found it the same, or at the last look; what was brought is not stored again.
TEST_F(ObjectListTest, KeepsADirectoryStored) {
  fs::create_directories(root_ + "/bucket/ml/checkpoints/deep");
  auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(root_ + "/bucket/ml/checkpoints/" + name) << text;
  };
  os::Fd ml(::open((root_ + "/bucket/ml").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DirectorySync sync(*transfer_, ml.get(),
                     {.path = "/opt/ml/checkpoints", .s3_uri = "s3://bucket/out", .continuous = true});
  write("brought", "1");
  sync.AssumeStored();
  write("deep/new", "2");
  ASSERT_TRUE(sync.Look(false).ok());
  EXPECT_EQ(Get("out/deep/new"), "") << "it may still be written";
  ASSERT_TRUE(sync.Look(false).ok());
  EXPECT_EQ(Get("out/deep/new"), "2");
  EXPECT_EQ(Get("out/brought"), "");
  write("brought", "changed");
  ASSERT_TRUE(sync.Look(true).ok());
  EXPECT_EQ(Get("out/brought"), "changed");
  fs::create_symlink("/etc/passwd", root_ + "/bucket/ml/checkpoints/link");
  ASSERT_TRUE(sync.Look(true).ok());
  EXPECT_EQ(Get("out/link"), "") << "links lead anywhere";
}

}  // namespace
}  // namespace aloft::compute
