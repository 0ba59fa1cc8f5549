// XML: a small element tree to read, and a writer that appends.
//
// Reading refuses document types (so there are no entities but the five and numbers), and whatever is too large or too
// deep. Names lose their namespace prefix: the S3 and query protocols never need it.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::codec {

struct XmlElement {
  std::string name;
  std::string text;  // character data of an element without child elements, spaces kept; otherwise empty
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlElement> children;

  // The first child of that name, or null.
  const XmlElement* Child(std::string_view child_name) const;
  // Its text, or empty.
  std::string_view ChildText(std::string_view child_name) const;
};

struct XmlLimits {
  std::size_t max_depth = 32;
  std::size_t max_bytes = 8u << 20;
  std::size_t max_elements = 100'000;
};

// The document's root. Errors: kMalformedXml, kInputTooLarge.
Result<XmlElement> ParseXml(std::string_view text, XmlLimits limits = {});

// Appends `text` with markup escaped, and also control characters and line ends, so that any key of an object survives
// a parser's normalisation. Characters that XML 1.0 cannot say are written as their number, as AWS does.
void EscapeXml(std::string_view text, std::string& out);

// Appends elements. Names are the caller's own literals.
class XmlWriter {
 public:
  // `declaration`: begin with <?xml version="1.0" encoding="UTF-8"?>
  explicit XmlWriter(std::string& out, bool declaration = true);

  XmlWriter& Open(std::string_view name, std::string_view xml_namespace = {});
  XmlWriter& Close();
  XmlWriter& Element(std::string_view name, std::string_view text);
  XmlWriter& Element(std::string_view name, const char* text) { return Element(name, std::string_view(text)); }
  template <std::integral Number>
  XmlWriter& Element(std::string_view name, Number value) {
    if constexpr (std::is_same_v<Number, bool>)
      return Element(name, std::string_view(value ? "true" : "false"));
    else
      return Element(name, std::string_view(std::to_string(value)));
  }
  XmlWriter& Text(std::string_view text);
  // Text that is XML already.
  XmlWriter& Raw(std::string_view xml);

 private:
  std::string& out_;
  std::vector<std::string> open_;
};

}  // namespace aloft::codec
