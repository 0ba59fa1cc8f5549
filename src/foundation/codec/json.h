// JSON text <-> boost::json values, and a writer that appends JSON without building values first.
//
// Numbers: integers are exact; doubles are written shortest-exact, as 0.25 or 1700000000.5 where that is readable,
// never as 2.5E0; what JSON cannot say (infinity, NaN) is written as null and refused when read.
//
//   ALOFT_ASSIGN(boost::json::value document, ParseJson(body));
//   JsonWriter json(out);
//   json.BeginObject().Key("Name").String(name).Key("Size").Int(5).EndObject();
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace aloft::codec {

struct JsonLimits {
  std::size_t max_depth = 64;
  std::size_t max_bytes = 64u << 20;
};

// Errors: kMalformedJson with the offset, kInputTooLarge. Invalid UTF-8 is malformed. Of equal keys the last one
// counts.
Result<boost::json::value> ParseJson(std::string_view text, JsonLimits limits = {});

// Appends.
void WriteJson(const boost::json::value& value, std::string& out);
std::string WriteJson(const boost::json::value& value);

// Appends the text of one number.
void WriteNumber(double value, std::string& out);
// Appends `text` in quotes. Bytes that are no UTF-8 become U+FFFD.
void WriteString(std::string_view text, std::string& out);

// Commas and colons are the writer's business; nesting is the caller's. At most 64 levels.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view text);
  JsonWriter& Int(std::int64_t value);
  JsonWriter& Unsigned(std::uint64_t value);
  JsonWriter& Double(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // Text that is JSON already.
  JsonWriter& Raw(std::string_view json);

 private:
  void Separate();
  void Begin(char bracket);
  void End(char bracket);

  std::string& out_;
  std::uint64_t has_members_ = 0;  // one bit per level
  int depth_ = 0;
  bool after_key_ = false;
};

}  // namespace aloft::codec
