#include <boost/json.hpp>
#include <cmath>

#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "foundation/shapes/json.h"
#include "foundation/shapes/scalar.h"
#include "foundation/shapes/types.h"

namespace aloft::shapes {
namespace {

namespace bj = boost::json;

class Writer {
 public:
  Writer(const JsonOptions& options, std::string& out) : options_(options), out_(out) {}

  void Write(const Shape& shape, const Member* member, const void* value, bool outermost = false) {
    switch (shape.kind) {
      case Kind::kStructure: return WriteStructure(shape, value, outermost);
      case Kind::kList: return WriteList(shape, value);
      case Kind::kMap: return WriteMap(shape, value);
      case Kind::kDocument: return WriteDocument(member, *static_cast<const Document*>(value));
      case Kind::kString: return codec::WriteString(*static_cast<const std::string*>(value), out_);
      case Kind::kTimestamp: return WriteTime(shape, member, *static_cast<const Time*>(value));
      case Kind::kFloat: return WriteFloat(*static_cast<const float*>(value), true);
      case Kind::kDouble: return WriteFloat(*static_cast<const double*>(value), false);
      case Kind::kBlob:
        out_ += '"';
        FormatScalar(shape, value, TimestampFormat::kDefault, out_);
        out_ += '"';
        return;
      default: return FormatScalar(shape, value, TimestampFormat::kDefault, out_);
    }
  }

 private:
  void Key(std::string_view name, bool& first) {
    if (!first) out_ += ',';
    first = false;
    codec::WriteString(name, out_);
    out_ += ':';
  }

  void WriteStructure(const Shape& shape, const void* value, bool outermost) {
    bool first = true;
    out_ += '{';
    for (const Member& member : shape.members) {
      if (options_.body_only && outermost && member.location != Location::kBody) continue;
      const void* item = member.Get(value);
      if (item == nullptr) continue;
      Key(options_.wire_names ? member.wire : member.name, first);
      Write(*member.shape, &member, item);
    }
    if (shape.unknown_offset != Shape::kNoUnknown) {
      const auto* unknown =
          reinterpret_cast<const Unknown*>(static_cast<const std::byte*>(value) + shape.unknown_offset);
      if (!unknown->empty())
        for (const auto& [name, item] : *unknown->members()) {
          Key(name, first);
          codec::WriteJson(item, out_);
        }
    }
    out_ += '}';
  }

  void WriteList(const Shape& shape, const void* value) {
    out_ += '[';
    std::size_t size = shape.list->size(value);
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) out_ += ',';
      Write(*shape.element, nullptr, shape.list->at(value, i));
    }
    out_ += ']';
  }

  void WriteMap(const Shape& shape, const void* value) {
    struct Context {
      Writer* writer;
      const Shape* element;
      bool first = true;
    } context{this, shape.element};
    out_ += '{';
    shape.map->visit(value, &context, [](void* opaque, const std::string& key, const void* item) {
      auto& self = *static_cast<Context*>(opaque);
      self.writer->Key(key, self.first);
      self.writer->Write(*self.element, nullptr, item);
    });
    out_ += '}';
  }

  void WriteDocument(const Member* member, const Document& document) {
    static const bj::value kNull;
    const bj::value& json = document.value() != nullptr ? *document.value() : kNull;
    if (member != nullptr && member->json_text)
      codec::WriteString(codec::WriteJson(json), out_);
    else
      codec::WriteJson(json, out_);
  }

  void WriteTime(const Shape& shape, const Member* member, Time time) {
    TimestampFormat format = FormatOf(shape, member, TimestampFormat::kEpochSeconds);
    if (options_.micros && ToMicros(time) % 1000 != 0) {
      codec::WriteNumber(codec::ToEpochSeconds(time), out_);
      return;
    }
    bool quoted = format != TimestampFormat::kEpochSeconds;
    if (quoted) out_ += '"';
    FormatTimestamp(time, format, out_);
    if (quoted) out_ += '"';
  }

  void WriteFloat(double value, bool single) {
    bool quoted = !std::isfinite(value);
    if (quoted) out_ += '"';
    out_ += FormatFloat(value, single);
    if (quoted) out_ += '"';
  }

  const JsonOptions& options_;
  std::string& out_;
};

}  // namespace

void EncodeJson(const Shape& shape, const void* value, std::string& out, const JsonOptions& options) {
  Writer(options, out).Write(shape, nullptr, value, true);
}

}  // namespace aloft::shapes
