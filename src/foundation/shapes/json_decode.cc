#include "foundation/shapes/json.h"

#include <boost/json.hpp>
#include <cmath>
#include <limits>

#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "foundation/shapes/errors.h"
#include "foundation/shapes/scalar.h"
#include "foundation/shapes/types.h"

namespace aloft::shapes {
namespace {

namespace bj = boost::json;

// Where the reader stands, for messages; the stack is the chain of frames.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;
  std::size_t index = 0;

  void AppendTo(std::string& out) const {
    if (parent != nullptr) parent->AppendTo(out);
    if (name.empty()) {
      if (parent != nullptr) out += "[" + std::to_string(index) + "]";
      return;
    }
    if (!out.empty()) out += '.';
    out += name;
  }
};

std::string_view TokenOf(const bj::value& json) {
  switch (json.kind()) {
    case bj::kind::null: return "NULL_VALUE";
    case bj::kind::bool_: return json.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE";
    case bj::kind::int64:
    case bj::kind::uint64: return "NUMBER_VALUE";
    case bj::kind::double_: return "DECIMAL_VALUE";
    case bj::kind::string: return "STRING_VALUE";
    case bj::kind::array: return "START_ARRAY";
    case bj::kind::object: return "START_OBJECT";
  }
  return "VALUE";
}

Error WrongType(const Shape& shape, const bj::value& json, const Path& path) {
  std::string place;
  path.AppendTo(place);
  std::string message;
  if (json.is_array())
    message = "Start of list found where not expected";
  else if (json.is_object())
    message = "Start of structure or map found where not expected.";
  else
    message = std::string(TokenOf(json)) + " cannot be converted to " + std::string(NameOfKind(shape.kind));
  return Fail(kSerialization, place.empty() ? message : message + " (at '" + place + "')");
}

class Reader {
 public:
  explicit Reader(const JsonOptions& options) : options_(options) {}

  Status Read(const Shape& shape, const Member* member, const bj::value& json, void* out, const Path& path) const {
    switch (shape.kind) {
      case Kind::kStructure: return ReadStructure(shape, json, out, path);
      case Kind::kList: return ReadList(shape, json, out, path);
      case Kind::kMap: return ReadMap(shape, json, out, path);
      case Kind::kDocument: return ReadDocument(shape, member, json, out, path);
      default: return ReadScalar(shape, json, out) ? Status() : Status(WrongType(shape, json, path));
    }
  }

 private:
  std::string_view NameOf(const Member& member) const { return options_.wire_names ? member.wire : member.name; }

  const Member* Find(const Shape& shape, std::string_view name, std::size_t expected) const {
    // Requests mostly send members in the model's order.
    if (expected < shape.members.size() && NameOf(shape.members[expected]) == name) return &shape.members[expected];
    for (const Member& member : shape.members)
      if (NameOf(member) == name) return &member;
    return nullptr;
  }

  Status ReadStructure(const Shape& shape, const bj::value& json, void* out, const Path& path) const {
    const bj::object* object = json.if_object();
    if (object == nullptr) return WrongType(shape, json, path);
    bj::object unknown;
    std::size_t next = 0;
    for (const auto& [name, value] : *object) {
      const Member* member = Find(shape, name, next);
      if (member == nullptr || (options_.body_only && path.parent == nullptr && member->location != Location::kBody)) {
        if (name != "__type") unknown.emplace(name, value);
        continue;
      }
      next = static_cast<std::size_t>(member - shape.members.data()) + 1;
      if (value.is_null() && member->shape->kind != Kind::kDocument) continue;
      ALOFT_TRY(Read(*member->shape, member, value, member->Emplace(out), Path{&path, member->name}));
    }
    if (!unknown.empty() && shape.unknown_offset != Shape::kNoUnknown)
      reinterpret_cast<Unknown*>(static_cast<std::byte*>(out) + shape.unknown_offset)->Set(std::move(unknown));
    return {};
  }

  Status ReadList(const Shape& shape, const bj::value& json, void* out, const Path& path) const {
    const bj::array* array = json.if_array();
    if (array == nullptr) return WrongType(shape, json, path);
    std::size_t index = 0;
    for (const bj::value& item : *array) {
      Path here{&path, {}, index++};
      if (!item.is_null() || shape.element->kind == Kind::kDocument)
        ALOFT_TRY(Read(*shape.element, nullptr, item, shape.list->append(*shape.element, out), here));
    }
    return {};
  }

  Status ReadMap(const Shape& shape, const bj::value& json, void* out, const Path& path) const {
    const bj::object* object = json.if_object();
    if (object == nullptr) return WrongType(shape, json, path);
    for (const auto& [key, value] : *object) {
      Path here{&path, key};
      if (!value.is_null() || shape.element->kind == Kind::kDocument)
        ALOFT_TRY(Read(*shape.element, nullptr, value, shape.map->emplace(*shape.element, out, key), here));
    }
    return {};
  }

  Status ReadDocument(const Shape& shape, const Member* member, const bj::value& json, void* out,
                      const Path& path) const {
    auto* document = static_cast<Document*>(out);
    if (member == nullptr || !member->json_text) {
      document->Set(json);
      return {};
    }
    const bj::string* text = json.if_string();
    if (text == nullptr) return WrongType(shape, json, path);
    ALOFT_ASSIGN(bj::value parsed, codec::ParseJson(*text));
    document->Set(std::move(parsed));
    return {};
  }

  static bool ReadScalar(const Shape& shape, const bj::value& json, void* out) {
    switch (shape.kind) {
      case Kind::kBoolean:
        if (!json.is_bool()) return false;
        *static_cast<bool*>(out) = json.get_bool();
        return true;
      case Kind::kInteger: return ReadInteger<std::int32_t>(json, out);
      case Kind::kLong: return ReadInteger<std::int64_t>(json, out);
      case Kind::kFloat:
      case Kind::kDouble: {
        std::optional<double> number = Number(json);
        if (!number) return false;
        if (shape.kind == Kind::kFloat)
          *static_cast<float*>(out) = static_cast<float>(*number);
        else
          *static_cast<double*>(out) = *number;
        return true;
      }
      case Kind::kTimestamp: {
        std::optional<Time> time;
        if (const bj::string* text = json.if_string())
          time = ParseTimestamp(*text);
        else if (auto seconds = Number(json))
          time = codec::FromEpochSeconds(*seconds);
        if (time) *static_cast<Time*>(out) = *time;
        return time.has_value();
      }
      default: {
        const bj::string* text = json.if_string();
        return text != nullptr && ParseScalar(shape, *text, out);
      }
    }
  }

  static std::optional<double> Number(const bj::value& json) {
    if (json.is_int64()) return static_cast<double>(json.get_int64());
    if (json.is_uint64()) return static_cast<double>(json.get_uint64());
    if (json.is_double()) return json.get_double();
    const bj::string* text = json.if_string();
    if (text != nullptr && (*text == "NaN" || *text == "Infinity" || *text == "-Infinity")) return ParseFloat(*text);
    return std::nullopt;
  }

  template <class Integer>
  static bool ReadInteger(const bj::value& json, void* out) {
    std::int64_t value = 0;
    if (json.is_int64()) {
      value = json.get_int64();
    } else if (json.is_double() && std::trunc(json.get_double()) == json.get_double() &&
               std::fabs(json.get_double()) < 9e18) {
      value = static_cast<std::int64_t>(json.get_double());
    } else {
      return false;
    }
    if (value < std::numeric_limits<Integer>::min() || value > std::numeric_limits<Integer>::max()) return false;
    *static_cast<Integer*>(out) = static_cast<Integer>(value);
    return true;
  }

  const JsonOptions& options_;
};

}  // namespace

Status DecodeJson(const Shape& shape, const bj::value& json, void* out, const JsonOptions& options) {
  return Reader(options).Read(shape, nullptr, json, out, Path{});
}

Status DecodeJsonText(const Shape& shape, std::string_view json, void* out, const JsonOptions& options) {
  if (json.empty()) return {};
  auto parsed = codec::ParseJson(json);
  if (!parsed.ok()) return Fail(kSerialization, parsed.error().message, parsed.error().detail);
  return DecodeJson(shape, *parsed, out, options);
}

}  // namespace aloft::shapes
