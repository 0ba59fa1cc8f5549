#include "api/aws/s3_documents/cors.h"

#include <algorithm>

#include "api/aws/s3_documents/schema.h"
#include "foundation/base/bytes.h"

namespace aloft::api::s3::documents {
namespace {

// With at most one '*'.
bool Matches(std::string_view pattern, std::string_view text) {
  auto star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  std::string_view tail = pattern.substr(star + 1);
  return text.size() >= pattern.size() - 1 && text.starts_with(pattern.substr(0, star)) && text.ends_with(tail);
}

bool AllowsOrigin(const CorsRule& rule, std::string_view origin) {
  return std::any_of(rule.origins.begin(), rule.origins.end(),
                     [&](const std::string& pattern) { return Matches(pattern, origin); });
}

bool AllowsHeaders(const CorsRule& rule, std::string_view wanted) {
  for (std::string_view name : Split(wanted, ',')) {
    std::string lower = ToLower(Trim(name));
    if (lower.empty()) continue;
    if (!std::any_of(rule.headers.begin(), rule.headers.end(),
                     [&](const std::string& pattern) { return Matches(ToLower(pattern), lower); }))
      return false;
  }
  return true;
}

}  // namespace

std::vector<CorsRule> ReadCors(const codec::XmlElement& root) {
  std::vector<CorsRule> rules;
  for (const auto& element : root.children) {
    CorsRule rule;
    for (const auto& field : element.children) {
      if (field.name == "AllowedOrigin") rule.origins.push_back(field.text);
      if (field.name == "AllowedMethod") rule.methods.push_back(field.text);
      if (field.name == "AllowedHeader") rule.headers.push_back(field.text);
      if (field.name == "ExposeHeader") rule.exposed.push_back(field.text);
    }
    if (element.Child("MaxAgeSeconds") != nullptr) rule.max_age = XmlNumber(element, "MaxAgeSeconds");
    rules.push_back(std::move(rule));
  }
  return rules;
}

const CorsRule* FindCors(const std::vector<CorsRule>& rules, std::string_view origin, std::string_view method,
                         std::string_view headers) {
  for (const auto& rule : rules)
    if (std::find(rule.methods.begin(), rule.methods.end(), method) != rule.methods.end() &&
        AllowsOrigin(rule, origin) && AllowsHeaders(rule, headers))
      return &rule;
  return nullptr;
}

std::string AllowedOrigin(const CorsRule& rule, std::string_view origin) {
  bool any = std::find(rule.origins.begin(), rule.origins.end(), "*") != rule.origins.end();
  return any ? "*" : std::string(origin);
}

}  // namespace aloft::api::s3::documents
