#include <charconv>

#include "foundation/codec/time.h"
#include "foundation/codec/xml.h"
#include "services/lifecycle/types.h"

namespace aloft::lifecycle {
namespace {

using codec::XmlElement;

Error Broken(std::string_view what) {
  return Fail(kCorrupt, "The bucket's lifecycle configuration cannot be read", std::string(what));
}

template <class Number>
Result<std::optional<Number>> ReadNumber(const XmlElement& parent, std::string_view name) {
  const XmlElement* child = parent.Child(name);
  if (child == nullptr) return std::optional<Number>();
  Number value{};
  auto [end, error] = std::from_chars(child->text.data(), child->text.data() + child->text.size(), value);
  if (error != std::errc() || end != child->text.data() + child->text.size()) return Broken(name);
  return std::optional(value);
}

Status ReadMoment(const XmlElement& element, Moment& moment) {
  ALOFT_ASSIGN(moment.days, ReadNumber<int>(element, "Days"));
  if (const XmlElement* date = element.Child("Date")) {
    auto parsed = codec::ParseIso8601(date->text);
    if (!parsed) return Broken("Date");
    moment.date = *parsed;
  }
  return {};
}

Status ReadFilter(const XmlElement& element, Filter& filter) {
  for (const auto& child : element.children) {
    if (child.name == "Prefix") filter.prefix = child.text;
    if (child.name == "Tag") filter.tags.emplace_back(child.ChildText("Key"), child.ChildText("Value"));
    if (child.name == "And") ALOFT_TRY(ReadFilter(child, filter));
  }
  ALOFT_ASSIGN(auto larger, ReadNumber<std::uint64_t>(element, "ObjectSizeGreaterThan"));
  ALOFT_ASSIGN(auto smaller, ReadNumber<std::uint64_t>(element, "ObjectSizeLessThan"));
  if (larger) filter.larger_than = larger;
  if (smaller) filter.smaller_than = smaller;
  return {};
}

Status ReadOlder(const XmlElement& element, Rule& rule) {
  OlderMove move;
  ALOFT_ASSIGN(auto days, ReadNumber<int>(element, "NoncurrentDays"));
  ALOFT_ASSIGN(auto keep, ReadNumber<int>(element, "NewerNoncurrentVersions"));
  move.days = days.value_or(0);
  move.keep = keep.value_or(0);
  move.storage_class = element.ChildText("StorageClass");
  rule.older.push_back(std::move(move));
  return {};
}

Result<Rule> ReadRule(const XmlElement& element) {
  Rule rule;
  rule.id = element.ChildText("ID");
  rule.enabled = element.ChildText("Status") == "Enabled";
  rule.filter.prefix = element.ChildText("Prefix");  // the form from before filters
  for (const auto& child : element.children) {
    if (child.name == "Filter") ALOFT_TRY(ReadFilter(child, rule.filter));
    if (child.name == "Expiration") {
      rule.remove_lone_markers = child.ChildText("ExpiredObjectDeleteMarker") == "true";
      Moment moment;
      ALOFT_TRY(ReadMoment(child, moment));
      if (moment.days || moment.date) rule.expiration = moment;
    }
    if (child.name == "Transition") {
      Move move;
      ALOFT_TRY(ReadMoment(child, move.when));
      move.storage_class = child.ChildText("StorageClass");
      rule.transitions.push_back(std::move(move));
    }
    if (child.name == "NoncurrentVersionExpiration" || child.name == "NoncurrentVersionTransition")
      ALOFT_TRY(ReadOlder(child, rule));
    if (child.name == "AbortIncompleteMultipartUpload") {
      ALOFT_ASSIGN(rule.abort_uploads_after_days, ReadNumber<int>(child, "DaysAfterInitiation"));
    }
  }
  return rule;
}

}  // namespace

Result<Configuration> ParseConfiguration(std::string_view document) {
  ALOFT_ASSIGN(XmlElement root, codec::ParseXml(document));
  Configuration configuration;
  for (const auto& child : root.children) {
    if (child.name != "Rule") continue;
    ALOFT_ASSIGN(Rule rule, ReadRule(child));
    configuration.rules.push_back(std::move(rule));
  }
  return configuration;
}

}  // namespace aloft::lifecycle
