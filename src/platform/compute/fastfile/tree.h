// Directories and files of a channel, as inodes. Immutable; read by many threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::compute::fastfile {

struct Leaf {
  std::string path;  // relative, clean
  std::uint64_t size = 0;
};

class Tree {
 public:
  static constexpr std::uint64_t kRoot = 1;
  static constexpr std::size_t kNoLeaf = ~std::size_t{0};

  struct Node {
    std::string name;
    std::uint64_t parent = kRoot;
    std::size_t leaf = kNoLeaf;  // of a file: which one of those given
    std::uint64_t size = 0;
    std::vector<std::uint64_t> children{};  // by name
    bool is_directory() const { return leaf == kNoLeaf; }
  };

  // Of one path given twice the first counts. kInvalidArgument where a path is a file and a directory.
  static Result<Tree> Build(const std::vector<Leaf>& leaves);

  const Node* Find(std::uint64_t inode) const;                                // nullptr: there is none
  std::uint64_t Child(std::uint64_t directory, std::string_view name) const;  // 0: there is none
  std::size_t size() const { return nodes_.size(); }

 private:
  std::vector<Node> nodes_;  // inode n is at n - 1
};

}  // namespace aloft::compute::fastfile
