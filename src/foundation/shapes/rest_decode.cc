#include "foundation/base/bytes.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/time.h"
#include "foundation/shapes/errors.h"
#include "foundation/shapes/json.h"
#include "foundation/shapes/rest.h"
#include "foundation/shapes/scalar.h"
#include "foundation/shapes/types.h"

namespace aloft::shapes {
namespace {

constexpr JsonOptions kBody{.wire_names = true, .body_only = true};

Error NotA(const Shape& shape, std::string_view name) {
  return Fail(kSerialization, "The value of '" + std::string(name) + "' is not " + std::string(NameOfKind(shape.kind)));
}

// `a, "b,c", d` -> the parts; a quoted part may hold commas and \" .
std::vector<std::string> SplitHeader(std::string_view text) {
  if (text.empty()) return {};
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\' && i + 1 < text.size())
      parts.back() += text[++i];
    else if (text[i] == '"')
      quoted = !quoted;
    else if (text[i] == ',' && !quoted)
      parts.emplace_back();
    else if (text[i] != ' ' || quoted || !parts.back().empty())
      parts.back() += text[i];
  }
  return parts;
}

// Lists of HTTP dates hold a comma in each date.
std::vector<std::string> SplitDates(std::string_view text) {
  std::vector<std::string> parts;
  for (std::string_view part : Split(text, ',')) {
    part = Trim(part);
    bool continues = !parts.empty() && parts.back().size() == 3;
    if (continues)
      parts.back() += ", " + std::string(part);
    else
      parts.emplace_back(part);
  }
  return parts;
}

bool ParseHeaderScalar(const Shape& shape, const Member* member, const std::string& text, void* out) {
  if (shape.kind == Kind::kDocument || (member != nullptr && member->json_text)) {
    auto json = codec::Base64Decode(text);
    if (!json) return false;
    if (shape.kind == Kind::kString) return *static_cast<std::string*>(out) = *json, true;
    return DecodeJsonText(shape, *json, out).ok();
  }
  return ParseScalar(shape, text, out);
}

class Decoder {
 public:
  Decoder(const OperationModel& operation, const RestRequest& request) : shape_(*operation.input), request_(request) {}

  Status Decode(const OperationModel& operation, void* out) {
    auto labels = MatchUri(operation.uri, request_.path);
    auto query = codec::ParseQuery(request_.query);
    if (!labels || !query) return Fail(kSerialization, "The request's path or query is malformed");
    for (const Member& member : shape_.members) {
      switch (member.location) {
        case Location::kUri:
          if (const std::string* text = codec::Find(*labels, member.wire)) ALOFT_TRY(FromText(member, *text, out));
          break;
        case Location::kQuery: ALOFT_TRY(FromQuery(member, *query, out)); break;
        case Location::kHeader: ALOFT_TRY(FromHeader(member, out)); break;
        case Location::kHeaders: FromHeaders(member, out); break;
        case Location::kBody:
        case Location::kStatusCode: break;
      }
    }
    return FromBody(out);
  }

 private:
  static Status FromText(const Member& member, const std::string& text, void* out) {
    return ParseScalar(*member.shape, text, member.Emplace(out)) ? Status() : Status(NotA(*member.shape, member.name));
  }

  Status FromQuery(const Member& member, const codec::Query& query, void* out) const {
    const Shape& shape = *member.shape;
    if (shape.kind == Kind::kMap) {  // takes every parameter, also those that other members name
      void* map = nullptr;
      for (const auto& [name, value] : query) {
        if (map == nullptr) map = member.Emplace(out);
        ALOFT_TRY(IntoMap(member, name, value, map));
      }
      return {};
    }
    void* list = nullptr;
    for (const auto& [name, value] : query) {
      if (name != member.wire) continue;
      if (shape.kind != Kind::kList) return FromText(member, value, out);
      if (list == nullptr) list = member.Emplace(out);
      if (!ParseScalar(*shape.element, value, shape.list->append(*shape.element, list)))
        return NotA(*shape.element, member.name);
    }
    return {};
  }

  static Status IntoMap(const Member& member, const std::string& name, const std::string& value, void* map) {
    const Shape& element = *member.shape->element;
    if (element.kind == Kind::kList) {
      // Emplacing a key again finds the list that is there.
      void* list = member.shape->map->emplace(element, map, name);
      return ParseScalar(*element.element, value, element.list->append(*element.element, list))
                 ? Status()
                 : Status(NotA(element, member.name));
    }
    return ParseScalar(element, value, member.shape->map->emplace(element, map, name))
               ? Status()
               : Status(NotA(element, member.name));
  }

  Status FromHeader(const Member& member, void* out) const {
    for (const auto& [name, value] : *request_.headers) {
      if (!EqualsIgnoreCase(name, member.wire)) continue;
      const Shape& shape = *member.shape;
      if (shape.kind != Kind::kList)
        return ParseHeaderScalar(shape, &member, value, member.Emplace(out)) ? Status()
                                                                             : Status(NotA(shape, member.name));
      void* list = member.Emplace(out);
      bool dates = shape.element->kind == Kind::kTimestamp &&
                   FormatOf(*shape.element, nullptr, TimestampFormat::kHttpDate) == TimestampFormat::kHttpDate;
      for (const std::string& part : dates ? SplitDates(value) : SplitHeader(value))
        if (!ParseHeaderScalar(*shape.element, nullptr, part, shape.list->append(*shape.element, list)))
          return NotA(*shape.element, member.name);
      return {};
    }
    return {};
  }

  void FromHeaders(const Member& member, void* out) const {
    void* map = nullptr;
    for (const auto& [name, value] : *request_.headers) {
      if (name.size() < member.wire.size() || !EqualsIgnoreCase(name.substr(0, member.wire.size()), member.wire))
        continue;
      if (map == nullptr) map = member.Emplace(out);
      const Shape& element = *member.shape->element;
      ParseScalar(element, value,
                  member.shape->map->emplace(element, map, ToLower(std::string_view(name).substr(member.wire.size()))));
    }
  }

  Status FromBody(void* out) const {
    if (shape_.payload == Shape::kNoPayload)
      return HasBodyMembers() ? DecodeJsonText(shape_, request_.body, out, kBody) : Status();
    const Member& member = shape_.members[static_cast<std::size_t>(shape_.payload)];
    if (request_.body.empty()) return {};
    switch (member.shape->kind) {
      case Kind::kBlob: static_cast<Blob*>(member.Emplace(out))->bytes = request_.body; return {};
      case Kind::kString: *static_cast<std::string*>(member.Emplace(out)) = request_.body; return {};
      default:
        return DecodeJsonText(*member.shape, request_.body, member.Emplace(out), JsonOptions{.wire_names = true});
    }
  }

  bool HasBodyMembers() const {
    for (const Member& member : shape_.members)
      if (member.location == Location::kBody) return true;
    return false;
  }

  const Shape& shape_;
  const RestRequest& request_;
};

}  // namespace

std::optional<codec::Query> MatchUri(std::string_view uri_template, std::string_view path) {
  codec::Query labels;
  uri_template = uri_template.substr(0, uri_template.find('?'));
  while (!uri_template.empty()) {
    if (uri_template[0] != '{') {
      if (path.empty() || path[0] != uri_template[0]) return std::nullopt;
      uri_template.remove_prefix(1);
      path.remove_prefix(1);
      continue;
    }
    std::size_t close = uri_template.find('}');
    if (close == std::string_view::npos) return std::nullopt;
    std::string_view name = uri_template.substr(1, close - 1);
    uri_template.remove_prefix(close + 1);
    bool greedy = !name.empty() && name.back() == '+';
    if (greedy) name.remove_suffix(1);
    // A greedy label takes all that the rest of the template, which has no label any more, leaves.
    std::size_t end = greedy ? (path.size() >= uri_template.size() ? path.size() - uri_template.size() : 0)
                             : std::min(path.find('/'), path.size());
    auto value = codec::PercentDecode(path.substr(0, end));
    if (!value || value->empty()) return std::nullopt;
    labels.emplace_back(name, std::move(*value));
    path.remove_prefix(end);
  }
  return path.empty() ? std::optional(std::move(labels)) : std::nullopt;
}

Status DecodeRest(const OperationModel& operation, const RestRequest& request, void* out) {
  return Decoder(operation, request).Decode(operation, out);
}

}  // namespace aloft::shapes
