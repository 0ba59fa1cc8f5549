#include "foundation/base/random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

namespace aloft {
namespace {

// Ids and keys are made of these: bytes that are handed out twice, by one thread or to two, would be one key for two.
TEST(SystemRandom, HandsOutNothingTwice) {
  std::vector<std::vector<std::uint64_t>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& mine : drawn)
    threads.emplace_back([&mine] {
      SystemRandom random;
      for (int i = 0; i < 5000; ++i) mine.push_back(random.Next());
    });
  for (std::thread& thread : threads) thread.join();
  std::set<std::uint64_t> all;
  for (const auto& mine : drawn) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), 20'000u);
}

// A child begins with a copy of its parent's memory, bytes drawn ahead included, and must not draw what its parent
// draws.
TEST(SystemRandom, AChildDrawsItsOwn) {
  SystemRandom random;
  random.Next();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::uint64_t value = random.Next();
    _exit(write(ends[1], &value, sizeof value) == sizeof value ? 0 : 1);
  }
  std::uint64_t of_child = 0;
  ASSERT_EQ(read(ends[0], &of_child, sizeof of_child), static_cast<ssize_t>(sizeof of_child));
  EXPECT_NE(of_child, random.Next());
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  close(ends[0]);
  close(ends[1]);
}

// Whatever the length, all of it is filled.
TEST(SystemRandom, FillsEveryLength) {
  SystemRandom random;
  for (std::size_t size : {1u, 16u, 63u, 64u, 65u, 511u, 4096u}) {
    std::vector<std::uint8_t> together(size, 0);
    for (int i = 0; i < 64; ++i) {
      std::vector<std::uint8_t> bytes(size);
      random.Fill(bytes);
      for (std::size_t at = 0; at < size; ++at) together[at] |= bytes[at];
    }
    EXPECT_EQ(std::count(together.begin(), together.end(), 0), 0) << size;
  }
}

}  // namespace
}  // namespace aloft
