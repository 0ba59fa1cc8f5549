#include "api/aws/s3_documents/schema.h"

#include <algorithm>
#include <charconv>

#include "api/aws/s3_documents/errors.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/time.h"

namespace aloft::api::s3::documents {
namespace {

constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
constexpr std::string_view kSchemaInstance = "http://www.w3.org/2001/XMLSchema-instance";

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsValue(std::string_view text, const XmlRule& rule) {
  switch (rule.kind) {
    case XmlKind::kText: return true;
    case XmlKind::kNumber: return IsNumber(Trim(text));
    case XmlKind::kBoolean: text = Trim(text); return text == "true" || text == "false" || text == "1" || text == "0";
    case XmlKind::kTime: return codec::ParseIso8601(Trim(text)).has_value();
    case XmlKind::kChoice: return std::find(rule.choices.begin(), rule.choices.end(), text) != rule.choices.end();
    case XmlKind::kGroup: return true;
  }
  return false;
}

std::size_t Count(const codec::XmlElement& element, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(element.children.begin(), element.children.end(),
                                                [&](const codec::XmlElement& child) { return child.name == name; }));
}

void Append(const codec::XmlElement& element, bool root, std::string& out) {
  out += '<';
  out += element.name;
  if (root) out.append(" xmlns=\"").append(kNamespace).append("\"");
  for (const auto& [name, value] : element.attributes) {
    if (name != "type" && name != "xsi:type") continue;
    out.append(" xmlns:xsi=\"").append(kSchemaInstance).append("\" xsi:type=\"");
    codec::EscapeXml(value, out);
    out += '"';
  }
  if (element.children.empty() && element.text.empty()) {
    out += "/>";
    return;
  }
  out += '>';
  if (element.children.empty()) codec::EscapeXml(element.text, out);
  for (const auto& child : element.children) Append(child, false, out);
  out.append("</").append(element.name).append(">");
}

}  // namespace

Error MalformedXml() {
  return Fail(kMalformedXml,
              "The XML you provided was not well-formed or did not validate against our published schema");
}

Status CheckXml(const codec::XmlElement& element, const XmlRule& rule) {
  if (element.name != rule.name) return MalformedXml();
  if (rule.kind != XmlKind::kGroup)
    return element.children.empty() && IsValue(element.text, rule) ? Status() : Status(MalformedXml());
  for (const auto& child : element.children) {
    auto field = std::find_if(rule.fields.begin(), rule.fields.end(),
                              [&](const XmlRule& candidate) { return candidate.name == child.name; });
    if (field == rule.fields.end()) return MalformedXml();
    ALOFT_TRY(CheckXml(child, *field));
  }
  for (const auto& field : rule.fields) {
    std::size_t count = Count(element, field.name);
    if (count < field.least || count > field.most) return MalformedXml();
  }
  if (element.children.empty() && !Trim(element.text).empty()) return MalformedXml();
  return {};
}

Result<codec::XmlElement> ReadXml(std::string_view text, const XmlRule& rule) {
  auto parsed = codec::ParseXml(text);
  if (!parsed.ok()) return MalformedXml();
  ALOFT_TRY(CheckXml(*parsed, rule));
  return std::move(*parsed);
}

std::string WriteXml(const codec::XmlElement& root) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  Append(root, true, out);
  return out;
}

bool XmlFlag(const codec::XmlElement& element, std::string_view child, bool otherwise) {
  const codec::XmlElement* found = element.Child(child);
  if (found == nullptr) return otherwise;
  std::string_view text = Trim(found->text);
  return text == "true" || text == "1";
}

std::uint64_t XmlNumber(const codec::XmlElement& element, std::string_view child, std::uint64_t otherwise) {
  std::string_view text = Trim(element.ChildText(child));
  std::uint64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

codec::XmlElement* FindChild(codec::XmlElement& element, std::string_view name) {
  for (auto& child : element.children)
    if (child.name == name) return &child;
  return nullptr;
}

codec::XmlElement MakeElement(std::string name, std::string text) {
  codec::XmlElement element;
  element.name = std::move(name);
  element.text = std::move(text);
  return element;
}

}  // namespace aloft::api::s3::documents
