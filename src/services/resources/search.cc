#include "services/resources/search.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <functional>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "services/resources/errors.h"

namespace aloft::resources {
namespace {

namespace json = boost::json;
using shapes::sagemaker::Filter;
using shapes::sagemaker::NestedFilters;
using shapes::sagemaker::SearchExpression;

constexpr std::string_view kOperators[] = {
    "Equals", "NotEquals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo", "Contains",
    "Exists", "NotExists", "In"};

// Calls `visit` with every value at the path; true where one call was.
bool AnyAt(const json::value& at, std::string_view path, const std::function<bool(const json::value&)>& visit) {
  if (at.is_array())
    return std::any_of(at.as_array().begin(), at.as_array().end(),
                       [&](const json::value& element) { return AnyAt(element, path, visit); });
  if (path.empty()) return visit(at);
  if (!at.is_object()) return false;
  // A member's own name may hold dots: a tag, a hyperparameter.
  if (const json::value* whole = at.as_object().if_contains(path)) return AnyAt(*whole, {}, visit);
  std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return false;
  const json::value* member = at.as_object().if_contains(path.substr(0, dot));
  return member && AnyAt(*member, path.substr(dot + 1), visit);
}

std::optional<double> NumberOf(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string TextOf(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : codec::WriteJson(value);
}

// Less than, equal to, greater than: -1, 0, 1.
int Compare(const json::value& value, std::string_view wanted) {
  std::optional<double> right = NumberOf(wanted);
  std::optional<double> left;
  if (value.is_number()) {
    left = value.to_number<double>();
    if (!right)
      if (std::optional<Time> time = codec::ParseIso8601(wanted)) right = codec::ToEpochSeconds(*time);
  } else if (value.is_string()) {
    left = NumberOf(value.as_string());
  }
  if (left && right) return *left < *right ? -1 : *left > *right ? 1 : 0;
  int order = TextOf(value).compare(wanted);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

bool Holds(const json::value& value, const std::string& operation, const std::string& wanted) {
  if (operation == "Contains") return TextOf(value).find(wanted) != std::string::npos;
  if (operation == "In") {
    std::vector<std::string_view> choices = Split(wanted, ',');
    return std::any_of(choices.begin(), choices.end(),
                       [&](std::string_view choice) { return Compare(value, Trim(choice)) == 0; });
  }
  int order = Compare(value, wanted);
  if (operation == "GreaterThan") return order > 0;
  if (operation == "GreaterThanOrEqualTo") return order >= 0;
  if (operation == "LessThan") return order < 0;
  if (operation == "LessThanOrEqualTo") return order <= 0;
  return order == 0;
}

bool MatchesFilter(const json::value& document, std::string_view path, const Filter& filter) {
  std::string operation = filter.operator_.value_or("Equals");
  if (operation == "Exists") return AnyAt(document, path, [](const json::value&) { return true; });
  if (operation == "NotExists") return !AnyAt(document, path, [](const json::value&) { return true; });
  std::string wanted = filter.value.value_or("");
  bool negated = operation == "NotEquals";
  bool any = AnyAt(document, path, [&](const json::value& value) { return Holds(value, operation, wanted); });
  return any != negated;
}

bool MatchesNested(const json::object& document, const NestedFilters& nested) {
  std::string property = nested.nested_property_name.value_or("");
  const json::value* list = document.if_contains(property);
  if (!list || !list->is_array()) return false;
  return std::any_of(list->as_array().begin(), list->as_array().end(), [&](const json::value& element) {
    return std::all_of(nested.filters->begin(), nested.filters->end(), [&](const Filter& filter) {
      std::string_view path = *filter.name;
      if (path.starts_with(property + ".")) path.remove_prefix(property.size() + 1);
      return MatchesFilter(element, path, filter);
    });
  });
}

Status CheckFilter(const Filter& filter) {
  std::string operation = filter.operator_.value_or("Equals");
  if (std::find(std::begin(kOperators), std::end(kOperators), operation) == std::end(kOperators))
    return Fail(kBadSearch, "The operator " + operation + " of the filter on " + filter.name.value_or("") +
                                " is not one of Search's.");
  if (operation != "Exists" && operation != "NotExists" && !filter.value)
    return Fail(kBadSearch, "The filter on " + filter.name.value_or("") + " needs a Value.");
  return {};
}

}  // namespace

Status CheckSearch(const SearchExpression& expression) {
  if (expression.filters)
    for (const Filter& filter : *expression.filters) ALOFT_TRY(CheckFilter(filter));
  if (expression.nested_filters)
    for (const NestedFilters& nested : *expression.nested_filters)
      for (const Filter& filter : *nested.filters) ALOFT_TRY(CheckFilter(filter));
  if (expression.sub_expressions)
    for (const SearchExpression& sub : *expression.sub_expressions) ALOFT_TRY(CheckSearch(sub));
  return {};
}

bool Matches(const json::object& document, const SearchExpression& expression) {
  bool any = expression.operator_.value_or("And") == "Or";
  bool one = false, all = true, some = false;
  auto count = [&](bool matches) {
    some = true;
    one = one || matches;
    all = all && matches;
  };
  json::value whole(document);
  if (expression.filters)
    for (const Filter& filter : *expression.filters) count(MatchesFilter(whole, *filter.name, filter));
  if (expression.nested_filters)
    for (const NestedFilters& nested : *expression.nested_filters) count(MatchesNested(document, nested));
  if (expression.sub_expressions)
    for (const SearchExpression& sub : *expression.sub_expressions) count(Matches(document, sub));
  return !some || (any ? one : all);
}

std::string SortKey(const json::object& document, std::string_view property) {
  std::string key;
  AnyAt(json::value(document), property, [&](const json::value& value) {
    if (value.is_number()) {
      // Fixed width, so that text orders as numbers do; times and counts are not negative.
      char digits[40];
      std::snprintf(digits, sizeof digits, "%030.6f", std::max(0.0, value.to_number<double>()));
      key = digits;
    } else {
      key = TextOf(value);
    }
    return true;
  });
  return key;
}

}  // namespace aloft::resources
