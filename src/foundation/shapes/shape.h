// What a generated struct is made of, as data: one codec per protocol and one validator walk these tables, so that a
// new operation costs a table and no code.
//
//   const Shape& shape = ShapeOf<sagemaker::CreateTrainingJobRequest>();
//   for (const Member& member : shape.members) { const void* value = member.Get(&request); ... }
//
// A value is reached through a `void*` to the C++ object that the shape describes: Kind says which type that is. All
// tables are constant-initialised and immutable. Only src/foundation/shapes looks through the pointers.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace aloft::shapes {

enum class Kind : std::uint8_t {
  kBoolean,    // bool
  kInteger,    // std::int32_t
  kLong,       // std::int64_t
  kFloat,      // float
  kDouble,     // double
  kString,     // std::string; an enum too, because a model's list of values grows with time
  kTimestamp,  // aloft::Time
  kBlob,       // Blob
  kList,       // std::vector<T>; std::deque<bool>
  kMap,        // std::map<std::string, T>
  kStructure,  // a generated struct
  kDocument,   // Document: any JSON
};

enum class TimestampFormat : std::uint8_t { kDefault, kEpochSeconds, kIso8601, kHttpDate };

// Where rest protocols carry a member.
enum class Location : std::uint8_t { kBody, kHeader, kHeaders, kUri, kQuery, kStatusCode };

// What a model demands of a value. `min` and `max` bound a number, the characters of a string, or the elements of a
// list or map.
struct Constraints {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  double min = kNone;
  double max = kNone;
  std::string_view pattern = {};               // RE2, matched in full; empty: none
  std::string_view shown_pattern = {};         // as the model writes it, for messages
  std::span<const std::string_view> values{};  // of an enum
  bool open = false;                           // `values` are a hint: other values pass

  bool HasMin() const { return !std::isnan(min); }
  bool HasMax() const { return !std::isnan(max); }
};

struct Shape;

// How code that knows only a shape reaches values of one C++ type. `shape` is the shape of the made value.
struct OptionalAccess {
  const void* (*get)(const void* optional);  // null where absent
  void* (*emplace)(const Shape& shape, void* optional);
};
struct ListAccess {
  std::size_t (*size)(const void* list);
  const void* (*at)(const void* list, std::size_t index);
  void* (*append)(const Shape& shape, void* list);
};
using MapVisitor = void (*)(void* context, const std::string& key, const void* value);
struct MapAccess {
  std::size_t (*size)(const void* map);
  void (*visit)(const void* map, void* context, MapVisitor visitor);  // in key order
  void* (*emplace)(const Shape& shape, void* map, std::string key);
};

struct Member {
  std::string_view name = {};  // "TrainingJobName"
  std::string_view wire = {};  // its name in JSON, query and CBOR, or of its header, label or query parameter
  const Shape* shape = nullptr;
  const OptionalAccess* access = nullptr;
  std::uint32_t offset = 0;
  Location location = Location::kBody;
  TimestampFormat timestamp = TimestampFormat::kDefault;
  bool required = false;
  bool flattened = false;          // a list or map without its wrapping element, in query and XML
  bool attribute = false;          // an XML attribute
  bool json_text = false;          // a document carried as a JSON text in a string (trait jsonvalue)
  bool idempotency_token = false;  // the client makes one where the caller gave none
  std::string_view xml_namespace = {};

  const void* Get(const void* structure) const {
    return access->get(static_cast<const std::byte*>(structure) + offset);
  }
  void* Emplace(void* structure) const { return access->emplace(*shape, static_cast<std::byte*>(structure) + offset); }
};

struct Shape {
  static constexpr std::uint32_t kNoUnknown = 0xffffffff;
  static constexpr std::int16_t kNoPayload = -1;

  Kind kind = Kind::kStructure;
  std::string_view name = {};                 // in the model
  const Constraints* constraints = nullptr;   // null: none
  std::span<const Member> members = {};       // of a structure
  std::uint32_t unknown_offset = kNoUnknown;  // of a structure's `Unknown`
  std::int16_t payload = kNoPayload;          // the member that is the whole body in rest protocols
  const Shape* element = nullptr;             // of a list; the value of a map
  const Shape* key = nullptr;                 // of a map: a string shape
  const ListAccess* list = nullptr;
  const MapAccess* map = nullptr;
  std::string_view element_name = {};  // wire name of list elements or map values; empty: the protocol's
  std::string_view key_name = {};      // wire name of map keys; empty: the protocol's
  TimestampFormat timestamp = TimestampFormat::kDefault;
  bool flattened = false;
  bool is_union = false;   // exactly one member is set
  bool sensitive = false;  // never shown in messages
  bool sparse = false;     // a list or map whose elements may be null
};

// The descriptor of a generated struct.
template <class T>
const Shape& ShapeOf() {
  return T::kShape;
}

}  // namespace aloft::shapes
