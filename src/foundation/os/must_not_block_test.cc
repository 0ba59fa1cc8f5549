#include "foundation/os/must_not_block.h"

#include <gtest/gtest.h>

#include <thread>

namespace aloft::os {
namespace {

// Everywhere else waiting is what threads are for.
TEST(MustNotBlock, WithoutAScopeEverythingMayWait) {
  EXPECT_TRUE(MayBlock().ok());
  EXPECT_EQ(MustNotBlock::Current(), nullptr);
}

// The scope remembers a refusal, so that an answer made in spite of it is not taken for a good one.
TEST(MustNotBlock, RefusesAndRemembers) {
  const MustNotBlock here;
  EXPECT_FALSE(here.refused());
  EXPECT_EQ(MayBlock().error().reason, kWouldBlock);
  EXPECT_TRUE(here.refused());
}

// A request that is answered within another one's scope must not spoil that one, nor be spoiled by it.
TEST(MustNotBlock, ScopesCountForThemselves) {
  const MustNotBlock outer;
  {
    const MustNotBlock inner;
    static_cast<void>(MayBlock());
    EXPECT_TRUE(inner.refused());
    EXPECT_EQ(MustNotBlock::Current(), &inner);
  }
  EXPECT_FALSE(outer.refused());
  EXPECT_EQ(MustNotBlock::Current(), &outer);
}

// A promise of one thread binds no other.
TEST(MustNotBlock, OtherThreadsAreFree) {
  const MustNotBlock here;
  bool free = false;
  std::thread([&] { free = MayBlock().ok(); }).join();
  EXPECT_TRUE(free);
  EXPECT_FALSE(here.refused());
}

}  // namespace
}  // namespace aloft::os
