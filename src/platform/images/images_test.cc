#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "foundation/os/file.h"
#include "platform/images/errors.h"
#include "platform/images/library.h"
#include "platform/images/names.h"
#include "platform/images/testing_image.h"
#include "platform/images/user.h"

namespace aloft::images {
namespace {

namespace fs = std::filesystem;
using testing::Entry;
using testing::Layer;

class ImagesTest : public ::testing::Test {
 protected:
  ImagesTest() {
    char path[] = "/tmp/aloft-images-XXXXXX";
    directory_ = ::mkdtemp(path);
  }
  ~ImagesTest() override { fs::remove_all(directory_); }

  std::string archive() const { return directory_ + "/image.tar"; }
  Result<Image> Load(const std::vector<Layer>& layers, const std::string& run = "") {
    testing::WriteImage(archive(), "thing:1", run, layers);
    return store_().Load(archive(), "", true, {});
  }
  Store store_() const { return Store(directory_ + "/images"); }
  std::string Read(const Image& image, const std::string& path) const {
    auto text = os::ReadFile(image.root + "/" + path);
    return text.ok() ? *text : "absent";
  }

  std::string directory_;
};

// An image is its layers in order: later files win, whiteouts remove, opaque directories forget what was below.
TEST_F(ImagesTest, LayersLieOverEachOther) {
  auto image = Load({{{"a/", "", AE_IFDIR},
                      {"a/old", "1"},
                      {"a/both", "1"},
                      {"b/", "", AE_IFDIR},
                      {"b/low", "1"},
                      {"c", "file"},
                      {"same", "x"},
                      {"link", "", AE_IFREG, "same"}},
                     {{"a/.wh.old", ""},
                      {"a/both", "2"},
                      {"b/high", "2"},
                      {"b/.wh..wh..opq", ""},
                      {"c/", "", AE_IFDIR},
                      {"c/inside", "2"}}},
                    R"("Entrypoint":["/run"],"Cmd":["x"],"Env":["A=1=2","B="],"User":"app","WorkingDir":"/srv")");
  ASSERT_TRUE(image.ok()) << Describe(image.error());
  EXPECT_EQ(Read(*image, "a/old"), "absent");
  EXPECT_EQ(Read(*image, "a/both"), "2");
  EXPECT_EQ(Read(*image, "b/low"), "absent");
  EXPECT_EQ(Read(*image, "b/high"), "2");
  EXPECT_EQ(Read(*image, "c/inside"), "2");
  EXPECT_EQ(Read(*image, "link"), "x");
  EXPECT_EQ(image->config.entrypoint, std::vector<std::string>{"/run"});
  EXPECT_EQ(image->config.variables, (std::map<std::string, std::string>{{"A", "1=2"}, {"B", ""}}));
  EXPECT_EQ(image->config.working_directory, "/srv");
}

// Whoever made the image must not write or remove a file of this machine while it is unpacked.
TEST_F(ImagesTest, NothingLeadsOutOfTheImage) {
  std::string outside = directory_ + "/outside";
  fs::create_directory(outside);
  ASSERT_TRUE(os::WriteFileDurably(outside + "/precious", "mine").ok());
  auto image = Load({{{outside.substr(1) + "/precious", "theirs"},
                      {"absolute", "", AE_IFLNK, outside},
                      {"climbing", "", AE_IFLNK, "../../../../../../" + outside}},
                     {{"absolute/written", "x"},
                      {"climbing/written", "x"},
                      {"absolute/.wh.precious", ""},
                      {"climbing/.wh..wh..opq", ""}}});
  ASSERT_TRUE(image.ok()) << Describe(image.error());
  EXPECT_EQ(*os::ReadFile(outside + "/precious"), "mine");
  EXPECT_FALSE(fs::exists(outside + "/written"));
  EXPECT_EQ(Read(*image, outside.substr(1) + "/written"), "x") << "the image's own directory of that name";
  EXPECT_FALSE(Load({{{"dangling", "", AE_IFLNK, "/nowhere"}, {"dangling/a", "x"}}}).ok());
  EXPECT_FALSE(Load({{{"../../evil", "x"}}}).ok());
  EXPECT_FALSE(Load({{{"evil", "", AE_IFREG, "../../outside/precious"}}}).ok());
  EXPECT_FALSE(Load({{{"out", "", AE_IFLNK, outside}, {"evil", "", AE_IFREG, "out/precious"}}}).ok());
  EXPECT_FALSE(Load({{{".wh...", ""}}}).ok());
  EXPECT_EQ(*os::ReadFile(outside + "/precious"), "mine");
}

// What runs is what its digests say, and it is for this machine.
TEST_F(ImagesTest, BadArchivesAreRefused) {
  testing::WriteImage(archive(), "thing:1", "", {{{"a", "1"}}}, "", true);
  auto spoiled = store_().Load(archive(), "", true, {});
  EXPECT_EQ(spoiled.error().reason, kBadImage);
  testing::WriteImage(archive(), "thing:1", "", {{{"a", "1"}}}, "vax");
  EXPECT_NE(store_().Load(archive(), "", true, {}).error().message.find("vax"), std::string::npos);
  for (const char* text : {"", "no tar at all", "[]"}) {
    ASSERT_TRUE(os::WriteFileDurably(archive(), text).ok());
    EXPECT_EQ(store_().Load(archive(), "x", true, {}).error().reason, kBadImage) << text;
  }
  EXPECT_TRUE(store_().List()->empty()) << "nothing is kept of it";
}

// Set-user-id programs and devices have no place on this machine's disk.
TEST_F(ImagesTest, DangerousBitsFall) {
  auto image = Load({{{.path = "su", .content = "x", .permissions = 06755}, {"dev/sda", "", AE_IFBLK}}});
  ASSERT_TRUE(image.ok()) << Describe(image.error());
  struct stat status {};
  ASSERT_EQ(::stat((image->root + "/su").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755u);
  EXPECT_FALSE(fs::exists(image->root + "/dev/sda"));
}

// Names work as people say them, several for one image; the files go with the last name.
TEST_F(ImagesTest, NamesComeAndGo) {
  ASSERT_TRUE(Load({{{"a", "1"}}}).ok());
  auto image = store_().Load(archive(), "localhost/other", true, {});
  ASSERT_TRUE(image.ok());
  for (const char* name : {"thing:1", "docker.io/library/thing:1", "other", "other:latest", "localhost/other:latest"})
    EXPECT_EQ(store_().FindId(name), image->id) << name;
  EXPECT_EQ(store_().FindId("sha256:" + image->id), image->id);
  for (const char* name : {"thing", "thing:2", "else/thing:1", "", "-v"}) EXPECT_FALSE(store_().FindId(name)) << name;
  EXPECT_EQ(store_().List()->front().names.size(), 2u);
  EXPECT_TRUE(store_().Remove("thing:1").ok());
  EXPECT_TRUE(store_().Open(image->id).ok());
  EXPECT_TRUE(store_().Remove("other").ok());
  EXPECT_EQ(store_().Open(image->id).error().reason, kNoSuchImage);
  EXPECT_EQ(store_().Remove("other").error().reason, kNoSuchImage);
}

// Two tasks that want the same image at once get one whole image.
TEST_F(ImagesTest, LoadsMayMeet) {
  Layer layer;
  for (int i = 0; i < 200; ++i) layer.push_back({"f" + std::to_string(i), std::string(1000, 'x')});
  testing::WriteImage(archive(), "thing:1", "", {layer});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_TRUE(store_().Load(archive(), "", true, {}).ok()); });
  for (auto& thread : threads) thread.join();
  auto images = store_().List();
  ASSERT_EQ(images->size(), 1u);
  for (const auto& entry : fs::directory_iterator(directory_ + "/images"))
    EXPECT_FALSE(std::string(entry.path().filename()).starts_with(".making")) << entry.path();
}

// USER may be a name, a number, with or without a group; the image's own files say who that is.
TEST_F(ImagesTest, UsersAreTheImages) {
  auto image = Load({{{"etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1001:1002:App:/srv:/bin/sh\n"},
                      {"etc/group", "root:x:0:\nteam:x:77:app\n"}}});
  ASSERT_TRUE(image.ok());
  auto resolve = [&](const char* user) { return *ResolveUser(image->root, user); };
  EXPECT_EQ(resolve("").uid, 0u);
  EXPECT_EQ(resolve("").home, "/root");
  EXPECT_EQ(resolve("app").uid, 1001u);
  EXPECT_EQ(resolve("app").gid, 1002u);
  EXPECT_EQ(resolve("app:team").gid, 77u);
  EXPECT_EQ(resolve("1001").home, "/srv");
  EXPECT_EQ(resolve("4000:5").uid, 4000u);
  EXPECT_FALSE(ResolveUser(image->root, "nobody-here").ok());
  EXPECT_FALSE(ResolveUser(image->root, "app:nowhere").ok());
  EXPECT_FALSE(ResolveUser(image->root, "70000").ok());
}

// A machine without podman knows only what was loaded.
TEST_F(ImagesTest, LibraryWithoutPodman) {
  Library library(directory_ + "/images", Podman("/no/podman"));
  EXPECT_EQ(library.FindId("thing:1").error().reason, kNoSuchImage);
  auto image = Load({{{"a", "1"}}});
  EXPECT_EQ(*library.FindId("thing:1"), image->id);
  EXPECT_TRUE(library.Ensure(image->id, {}).ok());
  EXPECT_EQ(library.Ensure(std::string(64, 'a'), {}).error().reason, kNoSuchImage);
}

}  // namespace
}  // namespace aloft::images
