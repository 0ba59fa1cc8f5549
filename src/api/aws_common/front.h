// The front of all AWS services but S3: JSON 1.0 and 1.1, query, rest-json and Smithy RPC v2 CBOR on one port.
//
// A request is claimed by, in this order: `smithy-protocol` or a path /service/<name>/operation/<operation>;
// X-Amz-Target; the service of its signature's scope (data planes that share a scope differ by path); a query-protocol
// form. What none of these names is left to the next front (S3). An operation that a model knows and no row serves is
// kUnimplemented, by name; a name no model knows is kUnknownOperation.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/aws_common/errors.h"
#include "api/common/operation.h"
#include "foundation/shapes/service_model.h"

namespace aloft::api {

// One AWS service: what it serves, and what its reasons are called on the wire. Several may name one model: they are
// joined.
struct ServiceApi {
  const shapes::ServiceModel* model = nullptr;
  std::vector<Row> rows;
  std::vector<ErrorName> errors;
};

class AwsFront final : public Front {
 public:
  explicit AwsFront(std::vector<ServiceApi> services);
  ~AwsFront() override;

  std::string_view name() const override { return "aws"; }
  std::optional<Claim> Claims(const http::RequestHead& head) const override;
  Result<const Row*> Match(const http::RequestHead& head, std::string_view body) const override;
  http::Response RenderError(const Error& error, const http::RequestHead& head,
                             const RequestId& request_id) const override;
  std::string ErrorCode(const Error& error, const http::RequestHead& head) const override;
  std::span<const Row> rows() const override { return rows_; }

 private:
  struct Service;
  struct Route;
  Route Resolve(const http::RequestHead& head, std::string_view body) const;
  Route ResolveCbor(std::string_view path) const;
  Route ResolveTarget(std::string_view target) const;
  Route ResolveRest(const http::RequestHead& head, std::string_view scope) const;
  Route ResolveQuery(const http::RequestHead& head, std::string_view body, std::string_view scope) const;
  // The first service whose model fits; without one, the route has only its name.
  template <class Matches>
  void Serve(Route& route, std::string_view name, Matches matches) const;

  std::vector<Row> rows_;
  std::vector<std::unique_ptr<Service>> services_;
};

}  // namespace aloft::api
