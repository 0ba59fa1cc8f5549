#include "services/serving/onnx_worker/python_forms.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "foundation/base/bytes.h"
#include "services/serving/onnx_worker/decode.h"

namespace aloft::onnx_worker {
namespace {

// Integers up to here are the same as doubles; beyond, and beyond what 32 bits hold, Python's way depends on the model.
constexpr double kMaxMagnitude = 1e15;
constexpr int kDecimalPointAtMost = 16;  // repr() writes larger exponents with an e
constexpr int kGrowthDigits = 21;        // NumPy leaves room for the first dimension to grow in place

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// The end of a number of JSON's grammar at `at`, or null.
const char* EndOfNumber(const char* at, const char* end) {
  auto digits = [&] {
    const char* begin = at;
    while (at != end && IsDigit(*at)) ++at;
    return at != begin;
  };
  if (at != end && *at == '-') ++at;
  const bool zero = at != end && *at == '0';
  const char* whole = at;
  if (!digits() || (zero && at - whole > 1)) return nullptr;
  if (at != end && *at == '.') {
    ++at;
    if (!digits()) return nullptr;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    if (!digits()) return nullptr;
  }
  return at;
}

// At most one name, no other words, and every number as JSON has them.
bool IsPlainJson(std::string_view body) {
  const char* at = body.data();
  const char* end = at + body.size();
  int quotes = 0;
  while (at != end) {
    const char c = *at;
    if (c == '"') {
      if (++quotes > 2) return false;
      ++at;
    } else if (quotes == 1) {  // within the name; which one is DecodeJson's to know
      if (c == '\\') return false;
      ++at;
    } else if (IsDigit(c) || c == '-') {
      at = EndOfNumber(at, end);
      if (at == nullptr) return false;
    } else if (std::string_view("[]{},: \t\r\n").find(c) != std::string_view::npos) {
      ++at;
    } else {
      return false;
    }
  }
  return true;
}

bool IsPlainCsv(std::string_view body) {
  return std::all_of(body.begin(), body.end(), [](char c) {
    return IsDigit(c) || std::string_view(".,-eE\r\n").find(c) != std::string_view::npos;
  });
}

std::string_view MediaType(std::string_view content_type) {
  return Trim(content_type.substr(0, content_type.find(';')));
}

void WriteInteger(std::int64_t value, std::string& out) {
  char text[24];
  auto [end, error] = std::to_chars(text, text + sizeof text, value);
  out.append(text, end);
}

void WriteUnit(unsigned unit, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 0xf];
}

// json.dumps leaves ASCII alone; `text` is UTF-8, as ONNX Runtime has it from the model's file.
void WriteText(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const std::size_t length = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
      unsigned point = c & (0xffu >> (length + 1));
      for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
        point = (point << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3f);
      if (point >= 0x10000) {
        WriteUnit(0xd800 + ((point - 0x10000) >> 10), out);
        point = 0xdc00 + ((point - 0x10000) & 0x3ff);
      }
      WriteUnit(point, out);
      i += length;
      continue;
    }
    constexpr std::string_view kNamed = "\"\\\n\r\t\b\f", kLetters = "\"\\nrtbf";
    if (const std::size_t at = kNamed.find(text[i]); at != std::string_view::npos) {
      out += '\\';
      out += kLetters[at];
    } else if (c < 0x20) {
      WriteUnit(c, out);
    } else {
      out += text[i];
    }
    ++i;
  }
  out += '"';
}

// How `npy` files of NumPy 2 begin, to the byte.
std::string NpyHead(std::string_view type, std::size_t rows) {
  std::string count = std::to_string(rows);
  std::string head = "{'descr': '";
  head.append(type).append("', 'fortran_order': False, 'shape': (").append(count).append(",), }");
  head.append(kGrowthDigits - std::min<std::size_t>(count.size(), kGrowthDigits), ' ');
  head.append(64 - (10 + head.size() + 1) % 64, ' ');
  head += '\n';
  std::string out("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(head.size() & 0xff);
  out += static_cast<char>(head.size() >> 8);
  return out + head;
}

template <class T>
std::optional<std::string> WriteNpy(std::string_view type, const std::vector<T>& values) {
  std::string out = NpyHead(type, values.size());
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return out;
}

template <class T, class Write>
std::string WriteList(Format format, const std::vector<T>& values, const Write& write) {
  const bool json = format == Format::kJson;
  std::string out = json ? "[" : "";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (json && i > 0) out += ", ";
    write(values[i], out);
    if (!json) out += '\n';
  }
  if (json) out += ']';
  return out;
}

bool NeedsQuotes(const std::string& text) {
  return text.empty() || text.find_first_of(",\"\r\n") != std::string::npos;
}

}  // namespace

void WritePythonNumber(double value, std::string& out) {
  char text[40];
  auto [end, error] = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
  std::string_view shortest(text, static_cast<std::size_t>(end - text));  // "-1.2345e+03"
  if (shortest.front() == '-') {
    out += '-';
    shortest.remove_prefix(1);
  }
  const std::size_t e = shortest.find('e');
  int exponent = 0;
  std::string_view power = shortest.substr(e + (shortest[e + 1] == '+' ? 2 : 1));
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  std::string digits(1, shortest[0]);
  if (e > 2) digits.append(shortest.substr(2, e - 2));
  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= kDecimalPointAtMost) {
    out.append(shortest.substr(0, e)).append("e").append(shortest.substr(e + 1));  // both have two digits at least
  } else if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
  } else if (count <= exponent + 1) {
    out.append(digits).append(static_cast<std::size_t>(exponent + 1 - count), '0').append(".0");
  } else {
    digits.insert(static_cast<std::size_t>(exponent + 1), 1, '.');
    out += digits;
  }
}

bool ReadAsPython(std::string_view content_type, std::string_view body, std::int64_t width, Rows& rows) {
  const std::string type = ToLower(MediaType(content_type));
  rows.Clear();
  if (type.empty() || type == "application/json") {
    if (!IsPlainJson(body) || !DecodeJson(body, rows).ok()) return false;
  } else if (type == "text/csv") {
    if (!IsPlainCsv(body) || !DecodeCsv(body, rows).ok()) return false;
  } else if (type == "application/x-npy") {
    if (body.substr(0, 128).find("'<f8'") == std::string_view::npos || !DecodeNpy(body, rows).ok()) return false;
  } else {
    return false;
  }
  if (rows.shape.size() != 2 || rows.shape[0] == 0 || rows.shape[1] != width) return false;
  return std::all_of(rows.values.begin(), rows.values.end(),
                     [](double value) { return std::abs(value) <= kMaxMagnitude; });  // also no NaN
}

std::optional<Format> AcceptedByPython(std::string_view accept) {
  const std::string type = ToLower(Trim(accept));
  if (type.empty() || type == "*/*" || type == "application/json") return Format::kJson;
  if (type == "text/csv") return Format::kCsv;
  if (type == "application/x-npy") return Format::kNpy;
  return std::nullopt;
}

std::optional<std::string> WriteAsPython(Format format, const Output& output) {
  if (auto* numbers = std::get_if<std::vector<double>>(&output.values)) {
    if (!std::all_of(numbers->begin(), numbers->end(), [](double value) { return std::isfinite(value); }))
      return std::nullopt;
    if (format == Format::kNpy) return WriteNpy("<f8", *numbers);
    return WriteList(format, *numbers, WritePythonNumber);
  }
  if (auto* integers = std::get_if<std::vector<std::int64_t>>(&output.values)) {
    if (format == Format::kNpy) return WriteNpy("<i8", *integers);
    return WriteList(format, *integers, WriteInteger);
  }
  auto* texts = std::get_if<std::vector<std::string>>(&output.values);
  if (texts == nullptr || format == Format::kNpy) return std::nullopt;
  if (format == Format::kJson) return WriteList(format, *texts, WriteText);
  if (std::any_of(texts->begin(), texts->end(), NeedsQuotes)) return std::nullopt;
  return WriteList(format, *texts, [](const std::string& text, std::string& out) { out += text; });
}

}  // namespace aloft::onnx_worker
