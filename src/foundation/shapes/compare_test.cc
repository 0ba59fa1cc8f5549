#include "foundation/shapes/compare_test.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <optional>

#include "foundation/base/bytes.h"
#include "foundation/shapes/scalar.h"

namespace aloft::shapes {
namespace {

bool SameNumber(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b)) || static_cast<float>(a) == static_cast<float>(b);
}

std::optional<double> Number(const boost::json::value& value) {
  if (value.is_number()) return value.to_number<double>();
  return std::nullopt;
}

std::optional<double> Number(const codec::CborValue& value) {
  if (const auto* number = value.If<double>()) return *number;
  if (const auto* number = value.If<std::int64_t>()) return static_cast<double>(*number);
  return std::nullopt;
}

}  // namespace

bool Same(const boost::json::value& a, const boost::json::value& b) {
  if (Number(a) && Number(b)) return SameNumber(*Number(a), *Number(b));
  if (a.kind() != b.kind()) return false;
  if (a.is_array())
    return std::ranges::equal(a.get_array(), b.get_array(), [](const auto& x, const auto& y) { return Same(x, y); });
  if (!a.is_object()) return a == b;
  if (a.get_object().size() != b.get_object().size()) return false;
  for (const auto& [name, value] : a.get_object()) {
    const boost::json::value* other = b.get_object().if_contains(name);
    if (other == nullptr || !Same(value, *other)) return false;
  }
  return true;
}

bool Same(const codec::CborValue& a, const codec::CborValue& b) {
  if (Number(a) && Number(b)) return SameNumber(*Number(a), *Number(b));
  if (a.value.index() != b.value.index()) return false;
  if (const auto* array = a.If<codec::CborArray>())
    return std::ranges::equal(*array, *b.If<codec::CborArray>(),
                              [](const auto& x, const auto& y) { return Same(x, y); });
  if (const auto* tag = a.If<codec::CborTag>())
    return tag->tag == b.If<codec::CborTag>()->tag && Same(tag->item[0], b.If<codec::CborTag>()->item[0]);
  if (const auto* text = a.If<std::string>()) return *text == *b.If<std::string>();
  if (const auto* bytes = a.If<codec::CborBytes>()) return *bytes == *b.If<codec::CborBytes>();
  if (const auto* flag = a.If<bool>()) return *flag == *b.If<bool>();
  const auto* map = a.If<codec::CborMap>();
  if (map == nullptr) return true;  // null
  const auto& other = *b.If<codec::CborMap>();
  return map->size() == other.size() && std::ranges::all_of(*map, [&](const codec::CborMember& member) {
           auto found = std::ranges::find(other, member.key, &codec::CborMember::key);
           return found != other.end() && Same(member.value, found->value);
         });
}

bool Same(const codec::XmlElement& a, const codec::XmlElement& b) {
  if (a.name != b.name) return false;
  if (a.children.empty() && b.children.empty()) {
    auto x = ParseFloat(Trim(a.text)), y = ParseFloat(Trim(b.text));
    auto s = ParseTimestamp(Trim(a.text)), t = ParseTimestamp(Trim(b.text));
    return x && y ? SameNumber(*x, *y) : s && t ? *s == *t : Trim(a.text) == Trim(b.text);
  }
  auto by_name = [](const codec::XmlElement& element) {
    std::map<std::string_view, std::vector<const codec::XmlElement*>> result;
    for (const auto& child : element.children)
      if (child.name != "ResponseMetadata" && child.name != "RequestId") result[child.name].push_back(&child);
    return result;
  };
  auto left = by_name(a), right = by_name(b);
  auto same = [](const auto* p, const auto* q) { return Same(*p, *q); };
  return std::ranges::equal(left, right, [&](const auto& x, const auto& y) {
    if (x.first != y.first) return false;
    // Entries of a map, which have a key and a value, have no order.
    bool map = std::ranges::all_of(x.second, [](const auto* element) { return element->children.size() == 2; });
    return map ? std::ranges::is_permutation(x.second, y.second, same) : std::ranges::equal(x.second, y.second, same);
  });
}

}  // namespace aloft::shapes
