#include "foundation/shapes/cbor.h"

#include <cmath>
#include <limits>
#include <optional>

#include "foundation/codec/cbor.h"
#include "foundation/codec/time.h"
#include "foundation/shapes/errors.h"
#include "foundation/shapes/scalar.h"
#include "foundation/shapes/types.h"

namespace aloft::shapes {
namespace {

using codec::CborValue;

bool IsNull(const CborValue& value) {
  return value.If<std::nullptr_t>() != nullptr || value.If<codec::CborUndefined>() != nullptr;
}

Error WrongType(const Shape& shape, std::string_view name) {
  std::string place = name.empty() ? "" : " (at '" + std::string(name) + "')";
  return Fail(kSerialization, "The CBOR value cannot be converted to " + std::string(NameOfKind(shape.kind)) + place);
}

std::optional<double> Number(const CborValue& value) {
  if (const auto* number = value.If<double>()) return *number;
  if (const auto* number = value.If<std::int64_t>()) return static_cast<double>(*number);
  if (const auto* number = value.If<std::uint64_t>()) return static_cast<double>(*number);
  return std::nullopt;
}

template <class Integer>
bool ReadInteger(const CborValue& value, void* out) {
  std::int64_t number = 0;
  if (const auto* integer = value.If<std::int64_t>()) {
    number = *integer;
  } else if (const auto* real = value.If<double>(); real && std::trunc(*real) == *real && std::fabs(*real) < 9e18) {
    number = static_cast<std::int64_t>(*real);
  } else {
    return false;
  }
  if (number < std::numeric_limits<Integer>::min() || number > std::numeric_limits<Integer>::max()) return false;
  *static_cast<Integer*>(out) = static_cast<Integer>(number);
  return true;
}

bool ReadTimestamp(const CborValue& value, void* out) {
  constexpr std::uint64_t kEpochTag = 1;
  const CborValue* number = &value;
  if (const auto* tag = value.If<codec::CborTag>()) {
    if (tag->tag != kEpochTag) return false;
    number = &tag->item[0];
  }
  auto seconds = Number(*number);
  auto time = seconds ? codec::FromEpochSeconds(*seconds) : std::nullopt;
  if (time) *static_cast<Time*>(out) = *time;
  return time.has_value();
}

bool ReadScalar(const Shape& shape, const CborValue& value, void* out) {
  switch (shape.kind) {
    case Kind::kBoolean:
      if (const auto* flag = value.If<bool>()) return *static_cast<bool*>(out) = *flag, true;
      return false;
    case Kind::kInteger: return ReadInteger<std::int32_t>(value, out);
    case Kind::kLong: return ReadInteger<std::int64_t>(value, out);
    case Kind::kFloat:
    case Kind::kDouble: {
      auto number = Number(value);
      if (!number) return false;
      if (shape.kind == Kind::kFloat)
        *static_cast<float*>(out) = static_cast<float>(*number);
      else
        *static_cast<double*>(out) = *number;
      return true;
    }
    case Kind::kString:
      if (const auto* text = value.If<std::string>()) return *static_cast<std::string*>(out) = *text, true;
      return false;
    case Kind::kTimestamp: return ReadTimestamp(value, out);
    case Kind::kBlob:
      if (const auto* bytes = value.If<codec::CborBytes>()) return static_cast<Blob*>(out)->bytes = bytes->bytes, true;
      return false;
    default: return false;
  }
}

Status Read(const Shape& shape, const CborValue& value, std::string_view name, void* out) {
  if (shape.kind == Kind::kList) {
    const auto* items = value.If<codec::CborArray>();
    if (items == nullptr) return WrongType(shape, name);
    for (const CborValue& item : *items)
      if (!IsNull(item)) ALOFT_TRY(Read(*shape.element, item, name, shape.list->append(*shape.element, out)));
    return {};
  }
  if (shape.kind == Kind::kMap || shape.kind == Kind::kStructure) {
    const auto* entries = value.If<codec::CborMap>();
    if (entries == nullptr) return WrongType(shape, name);
    for (const auto& [key, item] : *entries) {
      if (IsNull(item)) continue;
      if (shape.kind == Kind::kMap) {
        ALOFT_TRY(Read(*shape.element, item, key, shape.map->emplace(*shape.element, out, key)));
        continue;
      }
      for (const Member& member : shape.members)
        if (member.name == key) {
          ALOFT_TRY(Read(*member.shape, item, member.name, member.Emplace(out)));
          break;
        }
    }
    return {};
  }
  return ReadScalar(shape, value, out) ? Status() : Status(WrongType(shape, name));
}

class Writer {
 public:
  explicit Writer(std::string& out) : cbor_(out) {}

  void Write(const Shape& shape, const void* value) {
    switch (shape.kind) {
      case Kind::kBoolean: cbor_.Bool(*static_cast<const bool*>(value)); return;
      case Kind::kInteger: cbor_.Int(*static_cast<const std::int32_t*>(value)); return;
      case Kind::kLong: cbor_.Int(*static_cast<const std::int64_t*>(value)); return;
      case Kind::kFloat: cbor_.Double(*static_cast<const float*>(value)); return;
      case Kind::kDouble: cbor_.Double(*static_cast<const double*>(value)); return;
      case Kind::kString: cbor_.Text(*static_cast<const std::string*>(value)); return;
      case Kind::kBlob: cbor_.Bytes(static_cast<const Blob*>(value)->bytes); return;
      case Kind::kTimestamp: return WriteTime(*static_cast<const Time*>(value));
      case Kind::kDocument: cbor_.Null(); return;  // no model that speaks CBOR has documents
      case Kind::kStructure: return WriteStructure(shape, value);
      case Kind::kList: {
        std::size_t size = shape.list->size(value);
        cbor_.Array(size);
        for (std::size_t i = 0; i < size; ++i) Write(*shape.element, shape.list->at(value, i));
        return;
      }
      case Kind::kMap: {
        struct Context {
          Writer* self;
          const Shape* element;
        } context{this, shape.element};
        cbor_.Map(shape.map->size(value));
        shape.map->visit(value, &context, [](void* opaque, const std::string& key, const void* item) {
          auto& [self, element] = *static_cast<Context*>(opaque);
          self->cbor_.Text(key);
          self->Write(*element, item);
        });
        return;
      }
    }
  }

 private:
  void WriteTime(Time time) {
    constexpr std::uint64_t kEpochTag = 1;
    cbor_.Tag(kEpochTag);
    if (ToMillis(time) % 1000 == 0)
      cbor_.Int(ToMillis(time) / 1000);
    else
      cbor_.Double(static_cast<double>(ToMillis(time)) / 1000);
  }

  void WriteStructure(const Shape& shape, const void* value) {
    std::size_t present = 0;
    for (const Member& member : shape.members) present += member.Get(value) != nullptr;
    cbor_.Map(present);
    for (const Member& member : shape.members)
      if (const void* item = member.Get(value)) {
        cbor_.Text(member.name);
        Write(*member.shape, item);
      }
  }

  codec::CborWriter cbor_;
};

}  // namespace

Status DecodeCbor(const Shape& shape, std::string_view bytes, void* out) {
  if (bytes.empty()) return {};
  auto value = codec::ParseCbor(bytes);
  if (!value.ok()) return Fail(kSerialization, value.error().message, value.error().detail);
  return Read(shape, *value, "", out);
}

void EncodeCbor(const Shape& shape, const void* value, std::string& out) {
  Writer(out).Write(shape, value);
}

}  // namespace aloft::shapes
