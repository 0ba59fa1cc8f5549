#include "platform/compute/overlays.h"

#include <gtest/gtest.h>

#include "platform/compute/test_support.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> Name(const std::string& text) {
  return Overlays::NameOf(text, "/env", "123456789012", {});
}

// The same content is the same overlay; whatever else decides what is installed makes another one.
TEST(OverlaysTest, ContentIsTheName) {
  auto name = Name("pandas==3.1.1\nnumpy\n");
  ASSERT_TRUE(name);
  EXPECT_EQ(Name("# a comment\n  pandas==3.1.1  # why\n\nnumpy"), name);
  EXPECT_NE(Name("pandas==3.1.2\nnumpy\n"), name);
  EXPECT_NE(Overlays::NameOf("pandas==3.1.1\nnumpy\n", "/other", "123456789012", {}), name);
  EXPECT_NE(Overlays::NameOf("pandas==3.1.1\nnumpy\n", "/env", "999999999999", {}), name);
  EXPECT_NE(Overlays::NameOf("pandas==3.1.1\nnumpy\n", "/env", "123456789012", {{"PIP_INDEX_URL", "x"}}), name);
  EXPECT_EQ(Overlays::NameOf("pandas==3.1.1\nnumpy\n", "/env", "123456789012", {{"MODE", "x"}}), name);
}

// What the text alone does not decide is never shared.
TEST(OverlaysTest, WhatLiesElsewhereIsNotShared) {
  for (const char* line :
       {"a", "a>=1,<2; python_version > '3'", "a[b]==1.0", "a @ https://host/a-1.whl", "https://host/a-1.whl",
        "--index-url https://host/simple", "--pre", "a==1 \\\n  --hash=sha256:00"})
    EXPECT_TRUE(Name(line)) << line;
  for (const char* line :
       {"-r more.txt", "-c limits.txt", "-e .", "./wheels/a.whl", "wheels/a.whl", "a.whl", "/opt/a", "a @ file:///a",
        "git+https://host/a", "a @ git+https://host/a@main", "--find-links wheels", "..", "a.tar.gz", "more.txt"})
    EXPECT_FALSE(Name(line)) << line;
}

// One makes it, the others find it; of too many the ones that nobody uses go, the oldest first.
TEST(OverlaysTest, MadeOnceAndBounded) {
  TaskHarness harness;
  Overlays overlays(harness.directory() + "/overlays", 2);
  auto never = [] { return false; };
  auto make = [&](const std::string& name) {
    auto mine = overlays.Acquire(
        name, [] {}, never);
    EXPECT_TRUE(mine.ok() && !mine->ready);
    std::string source = harness.directory() + "/made";
    fs::create_directories(source + "/pkg-1.0.dist-info");
    std::ofstream(source + "/pkg.py") << "x = 1";
    EXPECT_TRUE(overlays.Publish(*mine, source).ok());
    return std::move(*mine);
  };
  Overlays::Overlay first = make("first");
  EXPECT_EQ(first.packages, std::vector<std::string>{"pkg 1.0"});
  auto again = overlays.Acquire(
      "first", [] {}, never);
  ASSERT_TRUE(again.ok() && again->ready);
  EXPECT_EQ(again->packages, first.packages);

  auto making = overlays.Acquire(
      "second", [] {}, never);
  int asked = 0;
  bool told = false;
  auto cancelled = overlays.Acquire(
      "second", [&] { told = true; }, [&] { return ++asked > 2; });
  EXPECT_EQ(cancelled.error().reason, kCancelled);
  EXPECT_TRUE(told);
  making->lock.Reset();  // its maker died: the next one makes it

  make("second");
  make("third");
  EXPECT_TRUE(fs::exists(first.path)) << "it is in use";
  EXPECT_FALSE(fs::exists(harness.directory() + "/overlays/second"));
  EXPECT_TRUE(fs::exists(harness.directory() + "/overlays/third"));
}

}  // namespace
}  // namespace aloft::compute
