#include "foundation/codec/base64.h"
#include "foundation/shapes/json.h"
#include "foundation/shapes/rest.h"
#include "foundation/shapes/scalar.h"
#include "foundation/shapes/types.h"

namespace aloft::shapes {
namespace {

// One element of a header list; text with commas or quotes is quoted.
std::string QuoteListItem(const Shape& shape, std::string text) {
  if (shape.kind != Kind::kString || text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// A header's value must not end the header.
std::string OneLine(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') c = ' ';
  return text;
}

std::string HeaderText(const Shape& shape, const Member* member, const void* value) {
  std::string text;
  if (shape.kind == Kind::kDocument || (member != nullptr && member->json_text)) {
    if (shape.kind == Kind::kString) return codec::Base64Encode(*static_cast<const std::string*>(value));
    EncodeJson(shape, value, text);
    return codec::Base64Encode(text);
  }
  if (shape.kind != Kind::kList) {
    FormatScalar(shape, value, FormatOf(shape, member, TimestampFormat::kHttpDate), text);
    return text;
  }
  std::size_t size = shape.list->size(value);
  for (std::size_t i = 0; i < size; ++i) {
    std::string item = HeaderText(*shape.element, nullptr, shape.list->at(value, i));
    text += (i > 0 ? ", " : "") + QuoteListItem(*shape.element, std::move(item));
  }
  return text;
}

void AddHeaderMap(const Member& member, const void* value, RestResponse& response) {
  struct Context {
    const Member* member;
    RestResponse* response;
  } context{&member, &response};
  member.shape->map->visit(value, &context, [](void* opaque, const std::string& key, const void* item) {
    auto& [owner, answer] = *static_cast<Context*>(opaque);
    answer->headers.emplace_back(OneLine(std::string(owner->wire) + key),
                                 OneLine(HeaderText(*owner->shape->element, nullptr, item)));
  });
}

bool HasHeader(const RestResponse& response, std::string_view name) {
  for (const auto& [present, value] : response.headers)
    if (present == name) return true;
  return false;
}

void AddBody(const Shape& shape, const void* value, RestResponse& response) {
  std::string_view type = "application/json";
  if (shape.payload == Shape::kNoPayload) {
    EncodeJson(shape, value, response.body, JsonOptions{.wire_names = true, .body_only = true});
  } else {
    const Member& member = shape.members[static_cast<std::size_t>(shape.payload)];
    const void* payload = member.Get(value);
    if (member.shape->kind == Kind::kBlob) {
      type = "application/octet-stream";
      if (payload != nullptr) response.body = static_cast<const Blob*>(payload)->bytes;
    } else if (member.shape->kind == Kind::kString) {
      type = "text/plain";
      if (payload != nullptr) response.body = *static_cast<const std::string*>(payload);
    } else if (payload != nullptr) {
      EncodeJson(*member.shape, payload, response.body, JsonOptions{.wire_names = true});
    }
  }
  if (!HasHeader(response, "Content-Type")) response.headers.emplace_back("Content-Type", type);
}

}  // namespace

RestResponse EncodeRest(const OperationModel& operation, const void* value) {
  const Shape& shape = *operation.output;
  RestResponse response;
  response.status = operation.response_code;
  for (const Member& member : shape.members) {
    const void* item = member.Get(value);
    if (item == nullptr) continue;
    switch (member.location) {
      case Location::kHeader:
        response.headers.emplace_back(member.wire, OneLine(HeaderText(*member.shape, &member, item)));
        break;
      case Location::kHeaders: AddHeaderMap(member, item, response); break;
      case Location::kStatusCode: response.status = *static_cast<const std::int32_t*>(item); break;
      default: break;
    }
  }
  AddBody(shape, value, response);
  return response;
}

}  // namespace aloft::shapes
