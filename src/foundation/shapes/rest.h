// Generated structs <-> rest-json: members in the path, the query, the headers and the body.
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/codec/uri.h"
#include "foundation/shapes/service_model.h"

namespace aloft::shapes {

struct RestRequest {
  std::string_view path;   // as sent, without the query
  std::string_view query;  // as sent
  const std::vector<std::pair<std::string, std::string>>* headers = nullptr;
  std::string_view body;
};

struct RestResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// The decoded labels of a path, if it fits the template ("/endpoints/{EndpointName}/invocations", greedy "{Key+}"). A
// label is never empty. Query parts of the template are not looked at.
std::optional<codec::Query> MatchUri(std::string_view uri_template, std::string_view path);

// kSerialization where something is not of its type; the path must fit the operation's template.
Status DecodeRest(const OperationModel& operation, const RestRequest& request, void* out);
// A body that is a struct is JSON; one that is a blob or text goes out as it is, with the Content-Type that a member
// may give.
RestResponse EncodeRest(const OperationModel& operation, const void* value);

}  // namespace aloft::shapes
