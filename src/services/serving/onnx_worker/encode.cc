#include "services/serving/onnx_worker/encode.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"

namespace aloft::onnx_worker {
namespace {

// Floats are written shortest for their own type: 0.1f is 0.1, not 0.10000000149011612.
void Write(float value, std::string& out) {
  char text[32];
  if (value != value || value - value != 0) {
    out += "null";
    return;
  }
  auto [end, error] = std::to_chars(text, text + sizeof text, value);
  out.append(text, end);
}
void Write(double value, std::string& out) {
  codec::WriteNumber(value, out);
}
void Write(std::int64_t value, std::string& out) {
  char text[24];
  auto [end, error] = std::to_chars(text, text + sizeof text, value);
  out.append(text, end);
}
void Write(const std::string& value, std::string& out) {
  codec::WriteString(value, out);
}

template <class T>
void WriteNested(const std::vector<T>& values, const Shape& shape, std::size_t depth, std::size_t& at,
                 std::string& out) {
  if (depth == shape.size()) {
    Write(values[at++], out);
    return;
  }
  out += '[';
  for (std::int64_t i = 0; i < shape[depth]; ++i) {
    if (i > 0) out += ',';
    WriteNested(values, shape, depth + 1, at, out);
  }
  out += ']';
}

// A column of shape [n, 1] reads as a list of n.
Shape Flattened(const Output& output) {
  if (output.shape.size() == 2 && output.shape[1] == 1) return {output.shape[0]};
  return output.shape;
}

void WriteValues(const Output& output, const Shape& shape, std::string& out) {
  std::visit(
      [&](const auto& values) {
        std::size_t at = 0;
        WriteNested(values, shape, 0, at, out);
      },
      output.values);
}

bool AreProbabilities(const Output& output) {
  return output.shape.size() == 2 && (std::holds_alternative<std::vector<float>>(output.values) ||
                                      std::holds_alternative<std::vector<double>>(output.values));
}

template <class T>
void WriteList(const std::vector<T>& values, std::string& out) {
  std::size_t at = 0;
  WriteNested(values, {static_cast<std::int64_t>(values.size())}, 0, at, out);
}

std::string EncodeJson(const std::vector<Output>& outputs) {
  std::string out = "{\"predictions\":";
  WriteValues(outputs[0], Flattened(outputs[0]), out);
  std::size_t next = 1;
  if (outputs.size() > 1 && AreProbabilities(outputs[1])) {
    out += ",\"probabilities\":";
    WriteValues(outputs[1], outputs[1].shape, out);
    if (auto* numbers = std::get_if<std::vector<std::int64_t>>(&outputs[1].classes)) {
      out += ",\"classes\":";
      WriteList(*numbers, out);
    } else if (auto* texts = std::get_if<std::vector<std::string>>(&outputs[1].classes)) {
      out += ",\"classes\":";
      WriteList(*texts, out);
    }
    next = 2;
  }
  if (next < outputs.size()) {
    out += ",\"outputs\":{";
    for (std::size_t i = next; i < outputs.size(); ++i) {
      if (i > next) out += ',';
      codec::WriteString(outputs[i].name, out);
      out += ':';
      WriteValues(outputs[i], outputs[i].shape, out);
    }
    out += '}';
  }
  out += '}';
  return out;
}

void WriteCsv(const std::string& value, std::string& out) {
  if (value.find_first_of(",\"\n\r") == std::string::npos) {
    out += value;
    return;
  }
  out += '"';
  for (char c : value) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}
template <class T>
void WriteCsv(T value, std::string& out) {
  Write(value, out);
}

std::string EncodeCsv(const Output& output) {
  std::string out;
  std::visit(
      [&](const auto& values) {
        std::size_t rows = output.shape.empty() ? 1 : static_cast<std::size_t>(output.shape[0]);
        std::size_t columns = rows == 0 ? 0 : values.size() / rows;
        for (std::size_t i = 0; i < values.size(); ++i) {
          WriteCsv(values[i], out);
          out += (i + 1) % columns == 0 ? '\n' : ',';
        }
      },
      output.values);
  return out;
}

std::string NpyHeader(std::string_view type, const Shape& shape) {
  std::string header = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (";
  for (std::int64_t dimension : shape) header += std::to_string(dimension) + ", ";
  if (shape.size() > 1) header.resize(header.size() - 2);
  header += "), }";
  // The data begins at a multiple of 64, and the header ends with a newline.
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string out = std::string("\x93NUMPY\x01\x00", 8);
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  return out + header;
}

template <class T>
std::string NpyNumbers(std::string_view type, const Shape& shape, const std::vector<T>& values) {
  std::string out = NpyHeader(type, shape);
  out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return out;
}

// One code point per 4 bytes, all texts as long as the longest.
std::string NpyTexts(const Shape& shape, const std::vector<std::string>& values) {
  std::vector<std::u32string> texts;
  std::size_t longest = 1;
  for (const std::string& value : values) {
    std::u32string text;
    std::size_t i = 0;
    while (i < value.size()) {
      unsigned char c = static_cast<unsigned char>(value[i]);
      std::size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
      char32_t point = length == 1 ? c : c & (0xff >> (length + 1));
      for (std::size_t k = 1; k < length && i + k < value.size(); ++k) {
        point = (point << 6) | (static_cast<unsigned char>(value[i + k]) & 0x3f);
      }
      text += point;
      i += length;
    }
    longest = std::max(longest, text.size());
    texts.push_back(std::move(text));
  }
  std::string out = NpyHeader("<U" + std::to_string(longest), shape);
  for (std::u32string& text : texts) {
    text.resize(longest, U'\0');
    out.append(reinterpret_cast<const char*>(text.data()), longest * 4);
  }
  return out;
}

std::string EncodeNpy(const Output& output) {
  Shape shape = Flattened(output);
  if (auto* floats = std::get_if<std::vector<float>>(&output.values)) return NpyNumbers("<f4", shape, *floats);
  if (auto* doubles = std::get_if<std::vector<double>>(&output.values)) return NpyNumbers("<f8", shape, *doubles);
  if (auto* numbers = std::get_if<std::vector<std::int64_t>>(&output.values)) return NpyNumbers("<i8", shape, *numbers);
  return NpyTexts(shape, std::get<std::vector<std::string>>(output.values));
}

}  // namespace

Result<Format> ChooseFormat(std::string_view accept) {
  if (Trim(accept).empty()) return Format::kJson;
  double best = 0;
  std::optional<Format> chosen;
  for (std::string_view part : Split(accept, ',')) {
    std::string_view type = Trim(part.substr(0, part.find(';')));
    double quality = 1;
    if (std::size_t at = part.find("q="); at != std::string_view::npos) {
      std::string_view number = Trim(part.substr(at + 2));
      if (std::from_chars(number.data(), number.data() + number.size(), quality).ec != std::errc()) quality = 0;
    }
    if (quality <= best) continue;
    if (type == "*/*" || type == "application/*" || EqualsIgnoreCase(type, "application/json")) {
      chosen = Format::kJson;
    } else if (EqualsIgnoreCase(type, "text/csv") || type == "text/*") {
      chosen = Format::kCsv;
    } else if (EqualsIgnoreCase(type, "application/x-npy")) {
      chosen = Format::kNpy;
    } else {
      continue;
    }
    best = quality;
  }
  if (!chosen) {
    return Fail(kNotAcceptable, "Accept " + std::string(accept.substr(0, 100)) +
                                    " is not supported; supported are application/json, application/x-npy, text/csv");
  }
  return *chosen;
}

std::string_view ContentType(Format format) {
  if (format == Format::kCsv) return "text/csv";
  return format == Format::kNpy ? "application/x-npy" : "application/json";
}

std::string Encode(Format format, const std::vector<Output>& outputs) {
  if (format == Format::kCsv) return EncodeCsv(outputs[0]);
  if (format == Format::kNpy) return EncodeNpy(outputs[0]);
  return EncodeJson(outputs);
}

}  // namespace aloft::onnx_worker
