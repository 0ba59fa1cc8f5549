#include "foundation/shapes/dynamic_model_test.h"

#include "foundation/base/check.h"
#include "foundation/codec/time.h"
#include "foundation/shapes/scalar.h"

namespace aloft::shapes {
namespace {

namespace bj = boost::json;

using DynamicList = std::vector<DynamicValue>;
using DynamicMap = std::map<std::string, DynamicValue>;

constexpr OptionalAccess kSlot{
    [](const void* slot) -> const void* { return static_cast<const DynamicValue*>(slot)->get(); },
    [](const Shape& shape, void* slot) -> void* {
      *static_cast<DynamicValue*>(slot) = MakeDynamic(shape);
      return static_cast<DynamicValue*>(slot)->get();
    }};
constexpr ListAccess kDynamicList{[](const void* list) { return static_cast<const DynamicList*>(list)->size(); },
                                  [](const void* list, std::size_t index) -> const void* {
                                    return (*static_cast<const DynamicList*>(list))[index].get();
                                  },
                                  [](const Shape& shape, void* list) -> void* {
                                    return static_cast<DynamicList*>(list)->emplace_back(MakeDynamic(shape)).get();
                                  }};
constexpr MapAccess kDynamicMap{[](const void* map) { return static_cast<const DynamicMap*>(map)->size(); },
                                [](const void* map, void* context, MapVisitor visitor) {
                                  for (const auto& [key, value] : *static_cast<const DynamicMap*>(map))
                                    visitor(context, key, value.get());
                                },
                                [](const Shape& shape, void* map, std::string key) -> void* {
                                  DynamicValue& value = (*static_cast<DynamicMap*>(map))[std::move(key)];
                                  if (value == nullptr) value = MakeDynamic(shape);
                                  return value.get();
                                }};

std::string_view Text(const bj::object& object, std::string_view name) {
  const bj::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

bool Flag(const bj::object& object, std::string_view name) {
  const bj::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

TimestampFormat Format(std::string_view name) {
  if (name == "iso8601") return TimestampFormat::kIso8601;
  if (name == "rfc822") return TimestampFormat::kHttpDate;
  return name == "unixTimestamp" ? TimestampFormat::kEpochSeconds : TimestampFormat::kDefault;
}

Location LocationOf(std::string_view name) {
  static const std::map<std::string_view, Location> kNames = {{"header", Location::kHeader},
                                                              {"headers", Location::kHeaders},
                                                              {"uri", Location::kUri},
                                                              {"querystring", Location::kQuery},
                                                              {"statusCode", Location::kStatusCode}};
  auto found = kNames.find(name);
  return found == kNames.end() ? Location::kBody : found->second;
}

Kind KindOf(std::string_view type) {
  static const std::map<std::string_view, Kind> kNames = {
      {"boolean", Kind::kBoolean}, {"integer", Kind::kInteger},     {"byte", Kind::kInteger},
      {"short", Kind::kInteger},   {"long", Kind::kLong},           {"float", Kind::kFloat},
      {"double", Kind::kDouble},   {"string", Kind::kString},       {"character", Kind::kString},
      {"blob", Kind::kBlob},       {"timestamp", Kind::kTimestamp}, {"list", Kind::kList},
      {"map", Kind::kMap},         {"structure", Kind::kStructure}, {"bigInteger", Kind::kLong}};
  auto found = kNames.find(type);
  ALOFT_CHECK(found != kNames.end());
  return found->second;
}

}  // namespace

DynamicValue MakeDynamic(const Shape& shape) {
  switch (shape.kind) {
    case Kind::kBoolean: return std::make_shared<bool>();
    case Kind::kInteger: return std::make_shared<std::int32_t>();
    case Kind::kLong: return std::make_shared<std::int64_t>();
    case Kind::kFloat: return std::make_shared<float>();
    case Kind::kDouble: return std::make_shared<double>();
    case Kind::kString: return std::make_shared<std::string>();
    case Kind::kTimestamp: return std::make_shared<Time>();
    case Kind::kBlob: return std::make_shared<Blob>();
    case Kind::kList: return std::make_shared<DynamicList>();
    case Kind::kMap: return std::make_shared<DynamicMap>();
    case Kind::kStructure: return std::make_shared<DynamicStructure>();
    case Kind::kDocument: return std::make_shared<Document>();
  }
  return nullptr;
}

DynamicModel::DynamicModel(const bj::object& suite)
    : metadata_(suite.at("metadata").as_object()), shapes_(suite.at("shapes").as_object()) {
  empty_.kind = Kind::kStructure;
  empty_.unknown_offset = offsetof(DynamicStructure, unknown);
  protocol_ = Text(metadata_, "protocol");
  service_.xml_namespace = Text(metadata_, "xmlNamespace");
  service_.json_version = Text(metadata_, "jsonVersion");
  service_.target_prefix = Text(metadata_, "targetPrefix");
}

std::string_view DynamicModel::Keep(std::string_view text) {
  return texts_.emplace_back(text);
}

const OperationModel& DynamicModel::AddOperation(const bj::object& operation) {
  OperationModel& model = operations_.emplace_back();
  model.name = Keep(Text(operation, "name"));
  model.input = model.output = &empty_;
  if (const bj::value* http = operation.if_contains("http")) {
    model.method = Keep(Text(http->as_object(), "method"));
    model.uri = Keep(Text(http->as_object(), "requestUri"));
    if (const bj::value* code = http->as_object().if_contains("responseCode"))
      model.response_code = static_cast<int>(code->as_int64());
  }
  if (const bj::value* input = operation.if_contains("input")) {
    model.input = &ShapeOfName(std::string(Text(input->as_object(), "shape")));
    SetPayload(Text(input->as_object(), "payload"), *model.input);
  }
  if (const bj::value* output = operation.if_contains("output")) {
    model.output = &ShapeOfName(std::string(Text(output->as_object(), "shape")));
    std::string_view wrapper = Text(output->as_object(), "resultWrapper");
    model.result_wrapper = Keep(wrapper.empty() ? std::string(model.name) + "Result" : std::string(wrapper));
  }
  return model;
}

// Old models name the payload at the operation.
void DynamicModel::SetPayload(std::string_view member, const Shape& shape) {
  for (std::size_t i = 0; i < shape.members.size(); ++i)
    if (shape.members[i].name == member) made_.at(std::string(shape.name))->payload = static_cast<std::int16_t>(i);
}

const Shape& DynamicModel::ShapeOfName(const std::string& name) {
  auto [found, added] = made_.try_emplace(name);
  if (!added) return *found->second;
  Shape& shape = *(found->second = std::make_unique<Shape>());
  const bj::object& json = shapes_.at(name).as_object();
  shape.name = found->first;
  shape.kind = Flag(json, "document") ? Kind::kDocument : KindOf(Text(json, "type"));
  shape.timestamp = Format(Text(json, "timestampFormat"));
  shape.flattened = Flag(json, "flattened");
  if (shape.kind == Kind::kStructure) {
    FillStructure(json, shape);
  } else if (shape.kind == Kind::kList) {
    const bj::object& member = json.at("member").as_object();
    shape.element = &ShapeOfName(std::string(Text(member, "shape")));
    shape.element_name = Text(member, "locationName");
    shape.list = &kDynamicList;
  } else if (shape.kind == Kind::kMap) {
    const bj::object &key = json.at("key").as_object(), &value = json.at("value").as_object();
    shape.key = &ShapeOfName(std::string(Text(key, "shape")));
    shape.element = &ShapeOfName(std::string(Text(value, "shape")));
    shape.key_name = Text(key, "locationName");
    shape.element_name = Text(value, "locationName");
    shape.map = &kDynamicMap;
  }
  return shape;
}

void DynamicModel::FillStructure(const bj::object& json, Shape& shape) {
  const bj::object& members = json.at("members").as_object();
  ALOFT_CHECK(members.size() <= DynamicStructure::kMaxMembers);
  std::vector<Member>& rows = members_.emplace_back();
  for (const auto& [name, value] : members) {
    const bj::object& reference = value.as_object();
    Member row;
    row.name = name;
    std::string_view wire = Text(reference, "locationName");
    row.wire = reference.contains("locationName") ? wire : std::string_view(name);
    row.shape = &ShapeOfName(std::string(Text(reference, "shape")));
    row.access = &kSlot;
    row.offset = static_cast<std::uint32_t>(offsetof(DynamicStructure, slots) + rows.size() * sizeof(DynamicValue));
    const bj::object& target = shapes_.at(Text(reference, "shape")).as_object();
    row.location = LocationOf(Text(reference.contains("location") ? reference : target, "location"));
    row.timestamp = Format(Text(reference, "timestampFormat"));
    row.flattened = Flag(reference, "flattened") || row.shape->flattened;
    row.json_text = Flag(reference, "jsonvalue");
    if (!Text(json, "payload").empty() && Text(json, "payload") == row.name)
      shape.payload = static_cast<std::int16_t>(rows.size());
    rows.push_back(row);
  }
  shape.unknown_offset = offsetof(DynamicStructure, unknown);
  shape.members = rows;
}

DynamicValue DynamicModel::FromParameters(const Shape& shape, const bj::value& parameters) {
  DynamicValue value = MakeDynamic(shape);
  Fill(shape, parameters, value.get());
  return value;
}

void DynamicModel::Fill(const Shape& shape, const bj::value& parameters, void* out) {
  switch (shape.kind) {
    case Kind::kStructure:
      for (const Member& member : shape.members)
        if (const bj::value* item = parameters.as_object().if_contains(member.name); item && !item->is_null())
          Fill(*member.shape, *item, member.Emplace(out));
      return;
    case Kind::kList:
      for (const bj::value& item : parameters.as_array())
        if (!item.is_null()) Fill(*shape.element, item, shape.list->append(*shape.element, out));
      return;
    case Kind::kMap:
      for (const auto& [key, item] : parameters.as_object())
        if (!item.is_null()) Fill(*shape.element, item, shape.map->emplace(*shape.element, out, key));
      return;
    case Kind::kDocument: static_cast<Document*>(out)->Set(parameters); return;
    case Kind::kBlob: static_cast<Blob*>(out)->bytes = parameters.as_string(); return;
    case Kind::kString:
      *static_cast<std::string*>(out) =
          parameters.is_string() ? std::string(parameters.as_string()) : bj::serialize(parameters);
      return;
    case Kind::kBoolean: *static_cast<bool*>(out) = parameters.as_bool(); return;
    case Kind::kInteger: *static_cast<std::int32_t*>(out) = parameters.to_number<std::int32_t>(); return;
    case Kind::kLong: *static_cast<std::int64_t*>(out) = parameters.to_number<std::int64_t>(); return;
    default: {
      bool text = parameters.is_string();
      bool ok = ParseScalar(shape, text ? std::string(parameters.as_string()) : bj::serialize(parameters), out);
      ALOFT_CHECK(ok);
    }
  }
}

}  // namespace aloft::shapes
