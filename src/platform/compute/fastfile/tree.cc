#include "platform/compute/fastfile/tree.h"

#include <algorithm>
#include <unordered_map>

namespace aloft::compute::fastfile {

Result<Tree> Tree::Build(const std::vector<Leaf>& leaves) {
  Tree tree;
  tree.nodes_.push_back({"", kRoot});
  std::unordered_map<std::string, std::uint64_t> known;  // paths -> inodes
  auto add = [&](const std::string& path, std::uint64_t parent, std::size_t name_at) {
    std::uint64_t inode = tree.nodes_.size() + 1;
    tree.nodes_.push_back({path.substr(name_at), parent});
    tree.nodes_[parent - 1].children.push_back(inode);
    known.emplace(path, inode);
    return inode;
  };
  for (std::size_t index = 0; index < leaves.size(); ++index) {
    const std::string& path = leaves[index].path;
    std::uint64_t parent = kRoot;
    std::size_t begin = 0;
    for (std::size_t slash; (slash = path.find('/', begin)) != std::string::npos; begin = slash + 1) {
      std::string directory = path.substr(0, slash);
      auto found = known.find(directory);
      parent = found != known.end() ? found->second : add(directory, parent, begin);
      if (!tree.nodes_[parent - 1].is_directory())
        return Fail(kInvalidArgument, "the key '" + directory + "' is both a file and a folder");
    }
    if (auto found = known.find(path); found != known.end()) {
      if (tree.nodes_[found->second - 1].is_directory())
        return Fail(kInvalidArgument, "the key '" + path + "' is both a file and a folder");
      continue;
    }
    Node& file = tree.nodes_[add(path, parent, begin) - 1];
    file.leaf = index;
    file.size = leaves[index].size;
  }
  for (Node& node : tree.nodes_)
    std::sort(node.children.begin(), node.children.end(),
              [&](std::uint64_t a, std::uint64_t b) { return tree.nodes_[a - 1].name < tree.nodes_[b - 1].name; });
  return tree;
}

const Tree::Node* Tree::Find(std::uint64_t inode) const {
  return inode == 0 || inode > nodes_.size() ? nullptr : &nodes_[inode - 1];
}

std::uint64_t Tree::Child(std::uint64_t directory, std::string_view name) const {
  const Node* node = Find(directory);
  if (!node) return 0;
  auto found =
      std::lower_bound(node->children.begin(), node->children.end(), name,
                       [&](std::uint64_t child, std::string_view wanted) { return nodes_[child - 1].name < wanted; });
  return found != node->children.end() && nodes_[*found - 1].name == name ? *found : 0;
}

}  // namespace aloft::compute::fastfile
