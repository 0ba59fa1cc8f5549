// Schemas of small XML documents as tables: which elements, how many, of what kind. S3 publishes its own as an XSD; a
// document that breaks one is MalformedXML, whatever it meant.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/codec/xml.h"

namespace aloft::api::s3::documents {

enum class XmlKind {
  kText,
  kNumber,   // a whole number of at most 18 digits, not negative
  kBoolean,  // true, false, 1, 0
  kTime,     // ISO 8601 in UTC
  kChoice,   // one of `choices`
  kGroup,    // holds `fields`, in any order
};

inline constexpr std::size_t kMany = static_cast<std::size_t>(-1);

struct XmlRule {
  std::string_view name;
  XmlKind kind = XmlKind::kText;
  std::size_t least = 0;
  std::size_t most = 1;
  std::span<const XmlRule> fields = {};
  std::span<const std::string_view> choices = {};
  bool typed = false;  // carries xsi:type (Grantee)
};

// kMalformedXml.
Error MalformedXml();
// Whether `element` is what `rule` says, all the way down. kMalformedXml.
Status CheckXml(const codec::XmlElement& element, const XmlRule& rule);
// Parses and checks. kMalformedXml.
Result<codec::XmlElement> ReadXml(std::string_view text, const XmlRule& rule);
// The tree as text, with S3's namespace on the root.
std::string WriteXml(const codec::XmlElement& root);

// Reading checked trees.
bool XmlFlag(const codec::XmlElement& element, std::string_view child, bool otherwise = false);
std::uint64_t XmlNumber(const codec::XmlElement& element, std::string_view child, std::uint64_t otherwise = 0);
codec::XmlElement* FindChild(codec::XmlElement& element, std::string_view name);
codec::XmlElement MakeElement(std::string name, std::string text);

}  // namespace aloft::api::s3::documents
