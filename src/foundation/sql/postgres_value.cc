#include "foundation/sql/postgres_value.h"

#include <bit>
#include <cmath>

#include "foundation/sql/postgres_connection.h"

namespace aloft::sql {
namespace {

void AppendBigEndian(std::string& out, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift & 0xff));
}

std::uint64_t ReadBigEndian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::int16_t ReadShort(std::string_view bytes, std::size_t at) {
  return static_cast<std::int16_t>(ReadBigEndian(bytes.substr(at, 2)));
}

// Sums of integers are numerics: whole ones become integers, others reals. Digits are of base 10,000.
Result<Value> DecodeNumeric(std::string_view bytes) {
  if (bytes.size() < 8) return Fail(kInternal, "Internal error.", "a numeric is too short");
  int count = ReadShort(bytes, 0);
  int weight = ReadShort(bytes, 2);
  auto sign = static_cast<std::uint16_t>(ReadShort(bytes, 4));
  if (sign == 0xc000) return Value(std::nan(""));
  if (bytes.size() < 8 + 2 * static_cast<std::size_t>(count))
    return Fail(kInternal, "Internal error.", "a numeric is too short");
  long double number = 0;
  __int128 whole = 0;
  for (int i = 0; i < count; ++i) {
    int digit = ReadShort(bytes, 8 + 2 * static_cast<std::size_t>(i));
    number += digit * std::pow(10000.0L, weight - i);
    if (weight - i >= 0 && weight < 8) {
      __int128 scaled = digit;
      for (int k = 0; k < weight - i; ++k) scaled *= 10000;
      whole += scaled;
    }
  }
  bool negative = sign == 0x4000;
  bool is_whole = count <= weight + 1 && weight < 5 && whole <= INT64_MAX;
  if (is_whole) return Value(static_cast<std::int64_t>(negative ? -whole : whole));
  return Value(static_cast<double>(negative ? -number : number));
}

// One-dimensional; elements come as lengths and bytes, -1 for NULL.
class ArrayWriter {
 public:
  ArrayWriter(unsigned type, unsigned element, std::size_t count, bool nulls) {
    out_.type = type;
    AppendBigEndian(out_.bytes, count == 0 ? 0 : 1, 4);
    AppendBigEndian(out_.bytes, nulls ? 1 : 0, 4);
    AppendBigEndian(out_.bytes, element, 4);
    if (count == 0) return;
    AppendBigEndian(out_.bytes, count, 4);
    AppendBigEndian(out_.bytes, 1, 4);
  }
  void Add(std::string_view bytes) {
    AppendBigEndian(out_.bytes, bytes.size(), 4);
    out_.bytes.append(bytes);
  }
  void AddNull() { AppendBigEndian(out_.bytes, 0xffffffff, 4); }
  PostgresParameter Take() { return std::move(out_); }

 private:
  PostgresParameter out_;
};

}  // namespace

PostgresParameter EncodeParameter(const Value& value) {
  struct Visitor {
    PostgresParameter operator()(std::nullptr_t) const { return {.type = 0, .null = true, .bytes = {}}; }
    PostgresParameter operator()(std::int64_t v) const {
      PostgresParameter out{.type = kInt8Oid, .null = false, .bytes = {}};
      AppendBigEndian(out.bytes, static_cast<std::uint64_t>(v), 8);
      return out;
    }
    PostgresParameter operator()(double v) const {
      PostgresParameter out{.type = kFloat8Oid, .null = false, .bytes = {}};
      AppendBigEndian(out.bytes, std::bit_cast<std::uint64_t>(v), 8);
      return out;
    }
    PostgresParameter operator()(const std::string& v) const { return {.type = kTextOid, .null = false, .bytes = v}; }
    PostgresParameter operator()(const Bytes& v) const { return {.type = kByteaOid, .null = false, .bytes = v.value}; }
  };
  return std::visit(Visitor{}, value);
}

PostgresParameter EncodeBytesArray(const std::vector<std::optional<std::string_view>>& values) {
  ArrayWriter writer(kByteaArrayOid, kByteaOid, values.size(), true);
  for (const auto& value : values) value ? writer.Add(*value) : writer.AddNull();
  return writer.Take();
}

PostgresParameter EncodeTextArray(const std::vector<std::string_view>& values) {
  ArrayWriter writer(kTextArrayOid, kTextOid, values.size(), false);
  for (std::string_view value : values) writer.Add(value);
  return writer.Take();
}

PostgresParameter EncodeIntArray(const std::vector<std::int64_t>& values) {
  ArrayWriter writer(kInt8ArrayOid, kInt8Oid, values.size(), false);
  for (std::int64_t value : values) {
    std::string bytes;
    AppendBigEndian(bytes, static_cast<std::uint64_t>(value), 8);
    writer.Add(bytes);
  }
  return writer.Take();
}

Result<Value> DecodeColumn(unsigned type, std::string_view bytes) {
  switch (type) {
    case kBoolOid: return Value(std::int64_t{bytes == std::string_view("\x01", 1) ? 1 : 0});
    case kInt2Oid: return Value(std::int64_t{ReadShort(bytes, 0)});
    case kInt4Oid: return Value(std::int64_t{static_cast<std::int32_t>(ReadBigEndian(bytes))});
    case kInt8Oid: return Value(static_cast<std::int64_t>(ReadBigEndian(bytes)));
    case kOidOid: return Value(static_cast<std::int64_t>(ReadBigEndian(bytes)));
    case kFloat4Oid: return Value(double{std::bit_cast<float>(static_cast<std::uint32_t>(ReadBigEndian(bytes)))});
    case kFloat8Oid: return Value(std::bit_cast<double>(ReadBigEndian(bytes)));
    case kNumericOid: return DecodeNumeric(bytes);
    case kByteaOid: return Value(Bytes{std::string(bytes)});
    case kVoidOid: return Value(nullptr);
    default: return Value(std::string(bytes));  // text and its relatives
  }
}

}  // namespace aloft::sql
