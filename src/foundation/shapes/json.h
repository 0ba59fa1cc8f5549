// Generated structs <-> JSON: the wire form of the json protocols and the stored form of services.
//
//   ALOFT_ASSIGN(auto request, FromJsonText<sagemaker::CreateModelRequest>(body));
//   std::string record = ToJsonText(request);
//
// Reading: members that are null are absent; members that the model does not know are kept in `unknown`; timestamps are
// seconds since 1970 or ISO-8601 or HTTP-date text; blobs are base64; "NaN", "Infinity" and "-Infinity" are numbers.
// Writing: absent members are left out, timestamps are numbers without exponent, unknown members follow the known ones.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/shapes/shape.h"

namespace aloft::shapes {

struct JsonOptions {
  bool wire_names = false;  // the names of rest-json (locationName); json 1.0/1.1 and the stored form use the model's
  bool micros = false;      // timestamps keep microseconds (the stored form); otherwise milliseconds
  bool body_only = false;   // rest-json: the outermost struct's members of headers, labels and queries are elsewhere
};

// kSerialization where the JSON's types are not the shape's; the message names the place.
Status DecodeJson(const Shape& shape, const boost::json::value& json, void* out, const JsonOptions& options = {});
// Parses, too. An empty text is an empty object.
Status DecodeJsonText(const Shape& shape, std::string_view json, void* out, const JsonOptions& options = {});
// Appends.
void EncodeJson(const Shape& shape, const void* value, std::string& out, const JsonOptions& options = {});

template <class T>
Result<T> FromJson(const boost::json::value& json) {
  T result;
  if (Status status = DecodeJson(ShapeOf<T>(), json, &result); !status.ok()) return status.error();
  return result;
}

template <class T>
Result<T> FromJsonText(std::string_view json) {
  T result;
  if (Status status = DecodeJsonText(ShapeOf<T>(), json, &result); !status.ok()) return status.error();
  return result;
}

// The stored form.
template <class T>
std::string ToJsonText(const T& value) {
  std::string out;
  EncodeJson(ShapeOf<T>(), &value, out, JsonOptions{.micros = true});
  return out;
}

}  // namespace aloft::shapes
