#include "foundation/codec/xml.h"
#include "foundation/shapes/query.h"
#include "foundation/shapes/scalar.h"

namespace aloft::shapes {
namespace {

class Writer {
 public:
  explicit Writer(codec::XmlWriter& xml) : xml_(xml) {}

  void WriteMembers(const Shape& shape, const void* value) {
    for (const Member& member : shape.members) {
      if (const void* item = member.Get(value)) Write(*member.shape, &member, member.wire, item);
    }
  }

  void Write(const Shape& shape, const Member* member, std::string_view name, const void* value) {
    bool flattened = shape.flattened || (member != nullptr && member->flattened);
    switch (shape.kind) {
      case Kind::kStructure:
        xml_.Open(name);
        WriteMembers(shape, value);
        xml_.Close();
        return;
      case Kind::kList: return WriteList(shape, name, flattened, value);
      case Kind::kMap: return WriteMap(shape, name, flattened, value);
      default: {
        std::string text;
        FormatScalar(shape, value, FormatOf(shape, member, TimestampFormat::kIso8601), text);
        xml_.Element(name, text);
      }
    }
  }

 private:
  void WriteList(const Shape& shape, std::string_view name, bool flattened, const void* value) {
    std::string_view item_name = shape.element_name;
    if (item_name.empty()) item_name = flattened ? name : std::string_view("member");
    if (!flattened) xml_.Open(name);
    std::size_t size = shape.list->size(value);
    for (std::size_t i = 0; i < size; ++i) Write(*shape.element, nullptr, item_name, shape.list->at(value, i));
    if (!flattened) xml_.Close();
  }

  void WriteMap(const Shape& shape, std::string_view name, bool flattened, const void* value) {
    struct Context {
      Writer* self;
      const Shape* shape;
      std::string_view entry;
    } context{this, &shape, flattened ? name : std::string_view("entry")};
    if (!flattened) xml_.Open(name);
    shape.map->visit(value, &context, [](void* opaque, const std::string& key, const void* item) {
      auto& [self, owner, entry] = *static_cast<Context*>(opaque);
      self->xml_.Open(entry);
      self->xml_.Element(owner->key_name.empty() ? std::string_view("key") : owner->key_name, std::string_view(key));
      self->Write(*owner->element, nullptr,
                  owner->element_name.empty() ? std::string_view("value") : owner->element_name, item);
      self->xml_.Close();
    });
    if (!flattened) xml_.Close();
  }

  codec::XmlWriter& xml_;
};

}  // namespace

void EncodeQuery(const ServiceModel& service, const OperationModel& operation, const void* value,
                 std::string_view request_id, std::string& out) {
  codec::XmlWriter xml(out, false);
  xml.Open(std::string(operation.name) + "Response", service.xml_namespace);
  if (!operation.result_wrapper.empty()) {
    xml.Open(operation.result_wrapper);
    Writer(xml).WriteMembers(*operation.output, value);
    xml.Close();
  }
  xml.Open("ResponseMetadata").Element("RequestId", request_id).Close();
  xml.Close();
}

}  // namespace aloft::shapes
