#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/shapes/errors.h"
#include "foundation/shapes/query.h"
#include "foundation/shapes/scalar.h"

namespace aloft::shapes {
namespace {

constexpr std::size_t kMaxSegments = 64;

// Parameter names split at dots, as a tree.
struct Node {
  const std::string* value = nullptr;
  std::map<std::string_view, Node> children;

  const Node* Child(std::string_view name) const {
    auto found = children.find(name);
    return found == children.end() ? nullptr : &found->second;
  }
};

std::optional<std::size_t> ParseIndex(std::string_view text) {
  std::size_t index = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return index;
}

// The numbered children in the order of their numbers; gaps are skipped, as AWS does.
std::vector<const Node*> Numbered(const Node& node) {
  std::vector<std::pair<std::size_t, const Node*>> found;
  for (const auto& [name, child] : node.children)
    if (auto index = ParseIndex(name)) found.emplace_back(*index, &child);
  std::ranges::sort(found, {}, &std::pair<std::size_t, const Node*>::first);
  std::vector<const Node*> result;
  for (const auto& [index, child] : found) result.push_back(child);
  return result;
}

Status Decode(const Shape& shape, const Node& node, bool flattened, const std::string& path, void* out);

Status DecodeStructure(const Shape& shape, const Node& node, const std::string& path, void* out) {
  for (const Member& member : shape.members) {
    std::string_view name = member.wire;
    // Clients name a flattened list by its elements where the model names those.
    if (member.flattened && member.shape->kind == Kind::kList && node.Child(member.shape->element_name) != nullptr)
      name = member.shape->element_name;
    const Node* child = node.Child(name);
    if (child == nullptr) continue;
    std::string here = path.empty() ? std::string(name) : path + "." + std::string(name);
    ALOFT_TRY(Decode(*member.shape, *child, member.flattened, here, member.Emplace(out)));
  }
  return {};
}

Status DecodeList(const Shape& shape, const Node& node, bool flattened, const std::string& path, void* out) {
  const Node* items = &node;
  if (!flattened) items = node.Child(shape.element_name.empty() ? std::string_view("member") : shape.element_name);
  if (items == nullptr) return {};  // "Tags=": a list that is empty
  for (const Node* item : Numbered(*items))
    ALOFT_TRY(Decode(*shape.element, *item, false, path, shape.list->append(*shape.element, out)));
  return {};
}

Status DecodeMap(const Shape& shape, const Node& node, bool flattened, const std::string& path, void* out) {
  const Node* entries = flattened ? &node : node.Child("entry");
  if (entries == nullptr) return {};
  for (const Node* entry : Numbered(*entries)) {
    const Node* key = entry->Child(shape.key_name.empty() ? std::string_view("key") : shape.key_name);
    const Node* value = entry->Child(shape.element_name.empty() ? std::string_view("value") : shape.element_name);
    if (key == nullptr || key->value == nullptr || value == nullptr)
      return Fail(kSerialization, "The map at '" + path + "' has an entry without key or value");
    ALOFT_TRY(Decode(*shape.element, *value, false, path, shape.map->emplace(*shape.element, out, *key->value)));
  }
  return {};
}

Status Decode(const Shape& shape, const Node& node, bool flattened, const std::string& path, void* out) {
  switch (shape.kind) {
    case Kind::kStructure: return DecodeStructure(shape, node, path, out);
    case Kind::kList: return DecodeList(shape, node, flattened || shape.flattened, path, out);
    case Kind::kMap: return DecodeMap(shape, node, flattened || shape.flattened, path, out);
    default:
      if (node.value != nullptr && ParseScalar(shape, *node.value, out)) return {};
      return Fail(kSerialization, "The value of '" + path + "' is not " + std::string(NameOfKind(shape.kind)));
  }
}

}  // namespace

Status DecodeQuery(const Shape& shape, const codec::Query& parameters, void* out) {
  Node root;
  for (const auto& [name, value] : parameters) {
    Node* node = &root;
    std::size_t segments = 0;
    for (std::string_view segment : Split(name, '.')) {
      if (++segments > kMaxSegments) return Fail(kSerialization, "A parameter's name is nested too deeply");
      node = &node->children[segment];
    }
    node->value = &value;
  }
  return DecodeStructure(shape, root, "", out);
}

}  // namespace aloft::shapes
