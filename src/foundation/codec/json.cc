#include "foundation/codec/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "foundation/codec/errors.h"
#include "foundation/codec/utf8.h"

namespace aloft::codec {
namespace {

// Builds the value. Numbers with a fraction or exponent are read again by from_chars: the library's own way of reading
// them is a bit off in the last place.
struct Builder {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using Text = boost::json::string_view;
  using Code = boost::json::error_code;

  boost::json::value_stack stack;
  std::string number;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_object_end(std::size_t count, Code&) { return stack.push_object(count), true; }
  bool on_array_end(std::size_t count, Code&) { return stack.push_array(count), true; }
  bool on_key_part(Text text, std::size_t, Code&) { return stack.push_chars(text), true; }
  bool on_key(Text text, std::size_t, Code&) { return stack.push_key(text), true; }
  bool on_string_part(Text text, std::size_t, Code&) { return stack.push_chars(text), true; }
  bool on_string(Text text, std::size_t, Code&) { return stack.push_string(text), true; }
  bool on_number_part(Text text, Code&) { return number.append(text.data(), text.size()), true; }
  bool on_int64(std::int64_t value, Text, Code&) { return number.clear(), stack.push_int64(value), true; }
  bool on_uint64(std::uint64_t value, Text, Code&) { return number.clear(), stack.push_uint64(value), true; }
  bool on_double(double, Text text, Code& code) {
    number.append(text.data(), text.size());
    double value = 0;
    auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    // Too small to tell from zero is zero; too large is no number.
    bool tiny = read.ec == std::errc::result_out_of_range && std::fabs(std::strtod(number.c_str(), nullptr)) < 1;
    if (read.ec != std::errc() && !tiny) {
      code = boost::json::error::exponent_overflow;
      return false;
    }
    number.clear();
    stack.push_double(tiny ? 0.0 : value);
    return true;
  }
  bool on_bool(bool value, Code&) { return stack.push_bool(value), true; }
  bool on_null(Code&) { return stack.push_null(), true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

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
    boost::json::basic_parser<Builder> parser(options);
    parser.handler().stack.reset();
    boost::json::error_code error;
    std::size_t used = parser.write_some(false, text.data(), text.size(), error);
    if (!error && used < text.size()) error = boost::json::error::extra_data;
    if (error)
      return Fail(kMalformedJson,
                  "The document is not valid JSON: " + error.message() + " at byte " + std::to_string(used));
    boost::json::value value = parser.handler().stack.release();
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
