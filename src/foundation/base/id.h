// Strong ids: a string that cannot be passed where another kind of id is meant.
//
//   using AccountId = Id<struct AccountIdTag>;
#pragma once

#include <compare>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace aloft {

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string value) : value_(std::move(value)) {}
  explicit Id(std::string_view value) : value_(value) {}
  explicit Id(const char* value) : value_(value) {}

  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend auto operator<=>(const Id&, const Id&) = default;
  friend bool operator==(const Id&, const Id&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Id& id) { return out << id.value_; }

 private:
  std::string value_;
};

using AccountId = Id<struct AccountIdTag>;  // 12 digits
using Region = Id<struct RegionTag>;        // "us-east-1", "local"
using RequestId = Id<struct RequestIdTag>;  // a UUID in text

}  // namespace aloft

template <class Tag>
struct std::hash<aloft::Id<Tag>> {
  std::size_t operator()(const aloft::Id<Tag>& id) const noexcept { return std::hash<std::string>()(id.value()); }
};
