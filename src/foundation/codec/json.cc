#include "foundation/codec/json.h"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>

#include "foundation/codec/errors.h"
#include "foundation/codec/utf8.h"

namespace aloft::codec {
namespace {

bool AllFinite(const boost::json::value& value) {
  if (const auto* number = value.if_double()) return std::isfinite(*number);
  if (const auto* array = value.if_array()) {
    for (const auto& item : *array)
      if (!AllFinite(item)) return false;
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object)
      if (!AllFinite(member.value())) return false;
  }
  return true;
}

template <class Integer>
void WriteInteger(Integer value, std::string& out) {
  char buffer[24];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  out.append(buffer, end);
}

}  // namespace

Result<boost::json::value> ParseJson(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.max_bytes) return Fail(kInputTooLarge, "The JSON document is too large");
  boost::json::parse_options options;
  options.max_depth = limits.max_depth;
  try {
    boost::json::stream_parser parser({}, options);
    boost::json::error_code error;
    std::size_t used = parser.write(text.data(), text.size(), error);
    if (!error) parser.finish(error);
    if (error)
      return Fail(kMalformedJson,
                  "The document is not valid JSON: " + error.message() + " at byte " + std::to_string(used));
    boost::json::value value = parser.release();
    if (!AllFinite(value)) return Fail(kMalformedJson, "The document is not valid JSON: a number is out of range");
    return value;
  } catch (const std::exception& exception) {
    return Fail(kMalformedJson, "The document is not valid JSON", exception.what());
  }
}

void WriteNumber(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[64];
  double magnitude = std::fabs(value);
  bool plain = magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e17);
  auto result = std::to_chars(buffer, buffer + sizeof(buffer), value,
                              plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string_view text(buffer, static_cast<std::size_t>(result.ptr - buffer));
  out += text;
  // A double stays a double when it is read again.
  if (plain && text.find('.') == std::string_view::npos) out += ".0";
}

void WriteString(std::string_view text, std::string& out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size()) {
      auto c = static_cast<unsigned char>(text[plain]);
      if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') break;
      ++plain;
    }
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    auto c = static_cast<unsigned char>(text.front());
    if (c >= 0x80) {
      std::size_t length = Utf8Length(text);
      if (length == 0)
        out += "\xef\xbf\xbd";
      else
        out.append(text.substr(0, length));
      text.remove_prefix(length == 0 ? 1 : length);
      continue;
    }
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        out += "\\u00";
        out += kDigits[c >> 4];
        out += kDigits[c & 0x0f];
    }
    text.remove_prefix(1);
  }
  out += '"';
}

void WriteJson(const boost::json::value& value, std::string& out) {
  switch (value.kind()) {
    case boost::json::kind::null: out += "null"; break;
    case boost::json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
    case boost::json::kind::int64: WriteInteger(value.get_int64(), out); break;
    case boost::json::kind::uint64: WriteInteger(value.get_uint64(), out); break;
    case boost::json::kind::double_: WriteNumber(value.get_double(), out); break;
    case boost::json::kind::string: {
      const auto& text = value.get_string();
      WriteString({text.data(), text.size()}, out);
      break;
    }
    case boost::json::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& item : value.get_array()) {
        if (!first) out += ',';
        first = false;
        WriteJson(item, out);
      }
      out += ']';
      break;
    }
    case boost::json::kind::object: {
      out += '{';
      bool first = true;
      for (const auto& member : value.get_object()) {
        if (!first) out += ',';
        first = false;
        WriteString({member.key().data(), member.key().size()}, out);
        out += ':';
        WriteJson(member.value(), out);
      }
      out += '}';
      break;
    }
  }
}

std::string WriteJson(const boost::json::value& value) {
  std::string out;
  WriteJson(value, out);
  return out;
}

void JsonWriter::Separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  std::uint64_t bit = std::uint64_t{1} << (depth_ & 63);
  if (depth_ > 0 && (has_members_ & bit) != 0) out_ += ',';
  has_members_ |= bit;
}

void JsonWriter::Begin(char bracket) {
  Separate();
  out_ += bracket;
  ++depth_;
  ALOFT_CHECK(depth_ < 64);
  has_members_ &= ~(std::uint64_t{1} << depth_);
}

void JsonWriter::End(char bracket) {
  ALOFT_CHECK(depth_ > 0 && !after_key_);
  --depth_;
  out_ += bracket;
}

JsonWriter& JsonWriter::BeginObject() {
  Begin('{');
  return *this;
}
JsonWriter& JsonWriter::EndObject() {
  End('}');
  return *this;
}
JsonWriter& JsonWriter::BeginArray() {
  Begin('[');
  return *this;
}
JsonWriter& JsonWriter::EndArray() {
  End(']');
  return *this;
}
JsonWriter& JsonWriter::Key(std::string_view name) {
  Separate();
  WriteString(name, out_);
  out_ += ':';
  after_key_ = true;
  return *this;
}
JsonWriter& JsonWriter::String(std::string_view text) {
  Separate();
  WriteString(text, out_);
  return *this;
}
JsonWriter& JsonWriter::Int(std::int64_t value) {
  Separate();
  WriteInteger(value, out_);
  return *this;
}
JsonWriter& JsonWriter::Unsigned(std::uint64_t value) {
  Separate();
  WriteInteger(value, out_);
  return *this;
}
JsonWriter& JsonWriter::Double(double value) {
  Separate();
  WriteNumber(value, out_);
  return *this;
}
JsonWriter& JsonWriter::Bool(bool value) {
  Separate();
  out_ += value ? "true" : "false";
  return *this;
}
JsonWriter& JsonWriter::Null() {
  Separate();
  out_ += "null";
  return *this;
}
JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ += json;
  return *this;
}

}  // namespace aloft::codec
