// CBOR (RFC 8949) <-> values: what the Smithy RPC v2 protocol needs. Definite and indefinite lengths are read, definite
// ones written; half, single and double floats are read, doubles written; map keys are texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::codec {

struct CborValue;
struct CborMember;
struct CborBytes {
  std::string bytes;
  friend bool operator==(const CborBytes&, const CborBytes&) = default;
};
using CborArray = std::vector<CborValue>;
using CborMap = std::vector<CborMember>;
struct CborTag {
  std::uint64_t tag = 0;        // 1: seconds since 1970
  std::vector<CborValue> item;  // exactly one
};
struct CborUndefined {
  friend bool operator==(const CborUndefined&, const CborUndefined&) = default;
};

struct CborValue {
  // Non-negative integers that fit are std::int64_t; larger ones std::uint64_t.
  std::variant<std::nullptr_t, CborUndefined, bool, std::int64_t, std::uint64_t, double, std::string, CborBytes,
               CborArray, CborMap, CborTag>
      value;  // null at first

  template <class T>
  const T* If() const {
    return std::get_if<T>(&value);
  }
};

struct CborMember {
  std::string key;
  CborValue value;
};

struct CborLimits {
  std::size_t max_depth = 64;
  std::size_t max_bytes = 64u << 20;
};

// The whole of `bytes` is one value. Errors: kMalformedCbor, kInputTooLarge.
Result<CborValue> ParseCbor(std::string_view bytes, CborLimits limits = {});

// Appends.
void WriteCbor(const CborValue& value, std::string& out);

// Appends CBOR without building values: sizes come first, so that nothing is patched.
class CborWriter {
 public:
  explicit CborWriter(std::string& out) : out_(out) {}

  CborWriter& Map(std::uint64_t members);
  CborWriter& Array(std::uint64_t items);
  CborWriter& Text(std::string_view text);
  CborWriter& Bytes(std::string_view bytes);
  CborWriter& Int(std::int64_t value);
  CborWriter& Unsigned(std::uint64_t value);
  CborWriter& Double(double value);
  CborWriter& Bool(bool value);
  CborWriter& Null();
  CborWriter& Undefined();
  CborWriter& Tag(std::uint64_t tag);

 private:
  void Head(unsigned major, std::uint64_t argument);
  std::string& out_;
};

}  // namespace aloft::codec
