#include "foundation/shapes/scalar.h"

#include <charconv>
#include <cmath>

#include "foundation/codec/base64.h"
#include "foundation/codec/time.h"
#include "foundation/shapes/types.h"

namespace aloft::shapes {
namespace {

template <class Integer>
bool ParseInteger(std::string_view text, void* out) {
  Integer value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return false;
  *static_cast<Integer*>(out) = value;
  return true;
}

void FormatEpoch(Time time, std::string& out) {
  std::int64_t millis = ToMillis(time);
  std::int64_t magnitude = millis < 0 ? -millis : millis;
  if (millis < 0) out += '-';
  out += std::to_string(magnitude / 1000);
  std::int64_t rest = magnitude % 1000;
  if (rest == 0) return;
  char digits[] = {'.', char('0' + rest / 100), char('0' + rest / 10 % 10), char('0' + rest % 10)};
  std::size_t length = 4;
  while (digits[length - 1] == '0') --length;
  out.append(digits, length);
}

}  // namespace

void FormatTimestamp(Time time, TimestampFormat format, std::string& out) {
  switch (format) {
    case TimestampFormat::kDefault:
    case TimestampFormat::kEpochSeconds: FormatEpoch(time, out); return;
    case TimestampFormat::kIso8601:
      out += ToMillis(time) % 1000 == 0 ? codec::FormatIso8601(time) : codec::FormatIso8601Millis(time);
      return;
    case TimestampFormat::kHttpDate: out += codec::FormatHttpDate(time); return;
  }
}

std::optional<Time> ParseTimestamp(std::string_view text) {
  if (auto seconds = ParseFloat(text)) return codec::FromEpochSeconds(*seconds);
  if (auto time = codec::ParseIso8601(text)) return time;
  return codec::ParseHttpDate(text);
}

TimestampFormat FormatOf(const Shape& shape, const Member* member, TimestampFormat fallback) {
  if (member != nullptr && member->timestamp != TimestampFormat::kDefault) return member->timestamp;
  return shape.timestamp != TimestampFormat::kDefault ? shape.timestamp : fallback;
}

std::string FormatFloat(double value, bool single) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char buffer[512];
  double magnitude = std::fabs(value);
  auto format = magnitude == 0 || (magnitude >= 1e-6 && magnitude < 1e17) ? std::chars_format::fixed
                                                                          : std::chars_format::scientific;
  auto result = single ? std::to_chars(buffer, buffer + sizeof(buffer), static_cast<float>(value), format)
                       : std::to_chars(buffer, buffer + sizeof(buffer), value, format);
  std::string text(buffer, result.ptr);
  if (format == std::chars_format::fixed && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::optional<double> ParseFloat(std::string_view text) {
  if (text == "NaN") return std::nan("");
  if (text == "Infinity" || text == "-Infinity") return text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // from_chars also takes "inf" and "nan", which no protocol writes.
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

void FormatScalar(const Shape& shape, const void* value, TimestampFormat format, std::string& out) {
  switch (shape.kind) {
    case Kind::kBoolean: out += *static_cast<const bool*>(value) ? "true" : "false"; return;
    case Kind::kInteger: out += std::to_string(*static_cast<const std::int32_t*>(value)); return;
    case Kind::kLong: out += std::to_string(*static_cast<const std::int64_t*>(value)); return;
    case Kind::kFloat: out += FormatFloat(*static_cast<const float*>(value), true); return;
    case Kind::kDouble: out += FormatFloat(*static_cast<const double*>(value), false); return;
    case Kind::kString: out += *static_cast<const std::string*>(value); return;
    case Kind::kTimestamp: FormatTimestamp(*static_cast<const Time*>(value), format, out); return;
    case Kind::kBlob: out += codec::Base64Encode(static_cast<const Blob*>(value)->bytes); return;
    default: return;  // not a scalar
  }
}

bool ParseScalar(const Shape& shape, std::string_view text, void* out) {
  switch (shape.kind) {
    case Kind::kBoolean:
      *static_cast<bool*>(out) = text == "true" || text == "True" || text == "TRUE";
      return *static_cast<bool*>(out) || text == "false" || text == "False" || text == "FALSE";
    case Kind::kInteger: return ParseInteger<std::int32_t>(text, out);
    case Kind::kLong: return ParseInteger<std::int64_t>(text, out);
    case Kind::kFloat:
    case Kind::kDouble: {
      auto number = ParseFloat(text);
      if (!number) return false;
      if (shape.kind == Kind::kFloat)
        *static_cast<float*>(out) = static_cast<float>(*number);
      else
        *static_cast<double*>(out) = *number;
      return true;
    }
    case Kind::kString: *static_cast<std::string*>(out) = text; return true;
    case Kind::kTimestamp: {
      auto time = ParseTimestamp(text);
      if (time) *static_cast<Time*>(out) = *time;
      return time.has_value();
    }
    case Kind::kBlob: {
      auto bytes = codec::Base64Decode(text);
      if (bytes) static_cast<Blob*>(out)->bytes = std::move(*bytes);
      return bytes.has_value();
    }
    default: return false;
  }
}

std::string_view NameOfKind(Kind kind) {
  switch (kind) {
    case Kind::kBoolean: return "a Boolean";
    case Kind::kInteger: return "an Integer";
    case Kind::kLong: return "a Long";
    case Kind::kFloat: return "a Float";
    case Kind::kDouble: return "a Double";
    case Kind::kString: return "a String";
    case Kind::kTimestamp: return "a Timestamp";
    case Kind::kBlob: return "a Blob";
    case Kind::kList: return "a List";
    case Kind::kMap: return "a Map";
    case Kind::kStructure: return "a Structure";
    case Kind::kDocument: return "a Document";
  }
  return "a value";
}

}  // namespace aloft::shapes
