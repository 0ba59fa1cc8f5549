#include "services/serving/onnx_worker/decode.h"

#include <charconv>
#include <cmath>

#include "foundation/base/bytes.h"

namespace aloft::onnx_worker {

Status Decode(std::string_view content_type, std::string_view body, Rows& rows) {
  rows.Clear();
  std::string type = ToLower(Trim(content_type.substr(0, content_type.find(';'))));
  if (type.empty() || type == "application/json") return DecodeJson(body, rows);
  if (type == "text/csv") return DecodeCsv(body, rows);
  if (type == "application/x-npy") return DecodeNpy(body, rows);
  return Fail(kUnsupportedType, "Content-Type " + type +
                                    " is not supported; supported are application/json, application/x-npy, text/csv");
}

Status DecodeCsv(std::string_view body, Rows& rows) {
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);
  std::int64_t count = 0;
  std::size_t columns = 0;
  while (!body.empty()) {
    std::size_t end = body.find('\n');
    std::string_view line = Trim(body.substr(0, end));
    body = end == std::string_view::npos ? std::string_view() : body.substr(end + 1);
    if (line.empty()) continue;
    ++count;
    std::size_t fields = 0;
    while (true) {
      std::size_t comma = line.find(',');
      std::string_view field = Trim(line.substr(0, comma));
      if (field.size() >= 2 && field.front() == '"' && field.back() == '"') field = field.substr(1, field.size() - 2);
      if (field.starts_with('+')) field.remove_prefix(1);
      double value = 0;
      auto [stop, error] = std::from_chars(field.data(), field.data() + field.size(), value);
      if (error != std::errc() || stop != field.data() + field.size()) {
        return Fail(kBadBody, "The body is not valid text/csv: line " + std::to_string(count) + " has the field '" +
                                  std::string(field.substr(0, 40)) + "', which is no number");
      }
      rows.values.push_back(value);
      ++fields;
      if (comma == std::string_view::npos) break;
      line.remove_prefix(comma + 1);
    }
    if (count > 1 && fields != columns) {
      return Fail(kBadBody, "The CSV rows do not all have the same number of fields");
    }
    columns = fields;
  }
  if (count == 0) return Fail(kBadBody, "The CSV body has no rows");
  rows.shape = {count, static_cast<std::int64_t>(columns)};
  return {};
}

namespace {

Error BadNpy(std::string_view why) {
  return Fail(kBadBody, "The body is not valid application/x-npy: " + std::string(why));
}

// The text after "'name':" in the header's dictionary, which NumPy writes in a fixed form.
std::string_view Field(std::string_view header, std::string_view name) {
  std::size_t at = header.find("'" + std::string(name) + "'");
  if (at == std::string_view::npos) return {};
  at = header.find(':', at);
  return at == std::string_view::npos ? std::string_view() : Trim(header.substr(at + 1));
}

template <class T>
void Append(std::string_view data, std::vector<double>& values) {
  std::size_t count = data.size() / sizeof(T);
  values.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    __builtin_memcpy(&value, data.data() + i * sizeof(T), sizeof(T));
    values.push_back(static_cast<double>(value));
  }
}

struct NpyType {
  std::string_view name;
  std::size_t size;
  void (*append)(std::string_view, std::vector<double>&);
};

constexpr NpyType kNpyTypes[] = {
    {"<f8", 8, Append<double>},        {"<f4", 4, Append<float>},         {"<i8", 8, Append<std::int64_t>},
    {"<i4", 4, Append<std::int32_t>},  {"<i2", 2, Append<std::int16_t>},  {"|i1", 1, Append<std::int8_t>},
    {"<u4", 4, Append<std::uint32_t>}, {"<u2", 2, Append<std::uint16_t>}, {"|u1", 1, Append<std::uint8_t>},
    {"|b1", 1, Append<std::uint8_t>},  {"<u8", 8, Append<std::uint64_t>},
};

}  // namespace

Status DecodeNpy(std::string_view body, Rows& rows) {
  if (!body.starts_with("\x93NUMPY") || body.size() < 10) return BadNpy("it does not begin with \\x93NUMPY");
  int version = static_cast<unsigned char>(body[6]);
  if (version < 1 || version > 3) return BadNpy("the version is not 1, 2 or 3");
  std::size_t length_bytes = version == 1 ? 2 : 4;
  if (body.size() < 8 + length_bytes) return BadNpy("the header is cut off");
  std::size_t header_size = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    header_size |= static_cast<std::size_t>(static_cast<unsigned char>(body[8 + i])) << (8 * i);
  }
  std::size_t start = 8 + length_bytes;
  if (header_size > 4096 || body.size() - start < header_size) return BadNpy("the header is cut off");
  std::string_view header = body.substr(start, header_size);
  std::string_view data = body.substr(start + header_size);

  std::string_view description = Field(header, "descr");
  if (description.empty() || description.front() != '\'') return BadNpy("only plain number types are supported");
  description = description.substr(1, description.find('\'', 1) - 1);
  if (!Field(header, "fortran_order").starts_with("False")) return BadNpy("only C order is supported");
  std::string_view shape = Field(header, "shape");
  if (!shape.starts_with('(') || shape.find(')') == std::string_view::npos) return BadNpy("the shape is malformed");
  std::size_t count = 1;
  for (std::string_view part : Split(shape.substr(1, shape.find(')') - 1), ',')) {
    part = Trim(part);
    if (part.empty()) continue;  // "(3,)"
    std::int64_t dimension = 0;
    auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), dimension);
    if (error != std::errc() || stop != part.data() + part.size() || dimension < 0)
      return BadNpy("the shape is malformed");
    if (__builtin_mul_overflow(count, static_cast<std::size_t>(dimension), &count))
      return BadNpy("the shape is too large");
    rows.shape.push_back(dimension);
  }
  for (const NpyType& type : kNpyTypes) {
    if (type.name != description) continue;
    std::size_t size = 0;
    if (__builtin_mul_overflow(count, type.size, &size) || size != data.size()) {
      return BadNpy("the data is not as long as the shape says");
    }
    type.append(data, rows.values);
    return {};
  }
  return BadNpy("the type '" + std::string(description.substr(0, 20)) + "' is not supported");
}

}  // namespace aloft::onnx_worker
