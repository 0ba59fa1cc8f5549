#include "foundation/codec/xml.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <pugixml.hpp>

#include "foundation/codec/errors.h"

namespace aloft::codec {
namespace {

std::string_view LocalName(std::string_view name) {
  auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

struct Builder {
  XmlLimits limits;
  std::size_t elements = 0;

  Status Build(const pugi::xml_node& node, std::size_t depth, XmlElement& out) {
    if (depth > limits.max_depth) return Fail(kMalformedXml, "The XML document is nested too deeply");
    if (++elements > limits.max_elements) return Fail(kInputTooLarge, "The XML document has too many elements");
    out.name = LocalName(node.name());
    for (const auto& attribute : node.attributes())
      out.attributes.emplace_back(LocalName(attribute.name()), attribute.value());
    for (const auto& child : node.children()) {
      if (child.type() == pugi::node_element) {
        out.children.emplace_back();
        ALOFT_TRY(Build(child, depth + 1, out.children.back()));
      } else if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
        out.text += child.value();
      }
    }
    if (!out.children.empty()) out.text.clear();
    return {};
  }
};

// "amp", "#38", "#x26": the five names, or a character's number. pugixml would leave others as they stand, and end the
// text at a number that is 0.
bool IsReference(std::string_view name) {
  if (!name.starts_with('#')) return name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos";
  name.remove_prefix(1);
  int base = 10;
  if (name.starts_with('x')) {
    base = 16;
    name.remove_prefix(1);
  }
  std::uint32_t code = 0;
  auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), code, base);
  bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return error == std::errc() && end == name.data() + name.size() && code != 0 && code <= 0x10ffff && !surrogate;
}

// True where each '&' outside of comments, CDATA and instructions begins a reference that XML itself knows.
bool ReferencesAreKnown(std::string_view text) {
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_of("<&"), text.size()));
    std::string_view closing;
    if (text.starts_with("<!--")) closing = "-->";
    if (text.starts_with("<![CDATA[")) closing = "]]>";
    if (text.starts_with("<?")) closing = "?>";
    std::size_t skip = closing.empty() ? 1 : text.find(closing, 2);
    if (text.starts_with('&')) {
      skip = text.find(';');
      if (skip == std::string_view::npos || !IsReference(text.substr(1, skip - 1))) return false;
    }
    text.remove_prefix(std::min(skip, text.size()));
  }
  return true;
}

}  // namespace

const XmlElement* XmlElement::Child(std::string_view child_name) const {
  for (const auto& child : children)
    if (child.name == child_name) return &child;
  return nullptr;
}

std::string_view XmlElement::ChildText(std::string_view child_name) const {
  const XmlElement* child = Child(child_name);
  return child == nullptr ? std::string_view() : std::string_view(child->text);
}

Result<XmlElement> ParseXml(std::string_view text, XmlLimits limits) {
  if (text.size() > limits.max_bytes) return Fail(kInputTooLarge, "The XML document is too large");
  if (text.find('\0') != std::string_view::npos || !ReferencesAreKnown(text))
    return Fail(kMalformedXml, "The XML document has a character or a reference that is none");
  pugi::xml_document document;
  // parse_doctype only so that a document type can be seen and refused.
  unsigned flags = pugi::parse_escapes | pugi::parse_eol | pugi::parse_cdata | pugi::parse_ws_pcdata |
                   pugi::parse_doctype | pugi::parse_wconv_attribute;
  auto result = document.load_buffer(text.data(), text.size(), flags, pugi::encoding_utf8);
  if (!result) return Fail(kMalformedXml, std::string("The XML document is not well-formed: ") + result.description());
  pugi::xml_node root;
  for (const auto& node : document.children()) {
    if (node.type() == pugi::node_doctype) return Fail(kMalformedXml, "The XML document has a document type");
    if (node.type() != pugi::node_element) continue;
    if (root) return Fail(kMalformedXml, "The XML document has more than one root element");
    root = node;
  }
  if (!root) return Fail(kMalformedXml, "The XML document has no root element");
  XmlElement element;
  Builder builder{limits};
  ALOFT_TRY(builder.Build(root, 1, element));
  return element;
}

void EscapeXml(std::string_view text, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\r': out += "&#13;"; break;
      case '\n': out += "&#10;"; break;
      case '\t': out += "&#9;"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += "&#x";
          if (c >= 16) out += kDigits[c >> 4];
          out += kDigits[c & 0x0f];
          out += ';';
        } else {
          out += c;
        }
    }
  }
}

XmlWriter::XmlWriter(std::string& out, bool declaration) : out_(out) {
  if (declaration) out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
}

XmlWriter& XmlWriter::Open(std::string_view name, std::string_view xml_namespace) {
  out_ += '<';
  out_ += name;
  if (!xml_namespace.empty()) {
    out_ += " xmlns=\"";
    EscapeXml(xml_namespace, out_);
    out_ += '"';
  }
  out_ += '>';
  open_.emplace_back(name);
  return *this;
}

XmlWriter& XmlWriter::Close() {
  ALOFT_CHECK(!open_.empty());
  out_ += "</";
  out_ += open_.back();
  out_ += '>';
  open_.pop_back();
  return *this;
}

XmlWriter& XmlWriter::Element(std::string_view name, std::string_view text) {
  out_ += '<';
  out_ += name;
  out_ += '>';
  EscapeXml(text, out_);
  out_ += "</";
  out_ += name;
  out_ += '>';
  return *this;
}

XmlWriter& XmlWriter::Text(std::string_view text) {
  EscapeXml(text, out_);
  return *this;
}

XmlWriter& XmlWriter::Raw(std::string_view xml) {
  out_ += xml;
  return *this;
}

}  // namespace aloft::codec
