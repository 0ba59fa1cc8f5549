// The S3 API: path-style requests, virtual-host style where a domain is configured. The last front: it takes what no
// other claims.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/aws_common/kms_access.h"
#include "api/common/operation.h"
#include "foundation/base/clock.h"
#include "foundation/os/thread_pool.h"
#include "platform/identity/service.h"
#include "services/objects/service.h"

namespace aloft::api::s3 {

struct Dependencies {
  objects::Service& objects;
  os::ThreadPool& pool;  // for chunks of bodies
  const Clock& clock;
  identity::Service* identity = nullptr;  // for forms, whose proof is in their body; null: they are refused
  const KmsAccess* kms = nullptr;         // null: what asks for a KMS key gets the store's own, or is refused
};

struct Options {
  // "s3.example.com": then "bucket.s3.example.com" names a bucket. Empty: path style only.
  std::string domain{};
  // Objects whose writer asks for nothing are encrypted, as buckets without a configuration of their own then say.
  bool encrypts_by_default = false;
};

// The dependencies must outlive the front and every call.
class Front final : public api::Front {
 public:
  explicit Front(Dependencies dependencies, Options options = {});
  ~Front() override;

  std::string_view name() const override { return "s3"; }
  std::optional<Claim> Claims(const http::RequestHead& head) const override;
  Result<const Row*> Match(const http::RequestHead& head, std::string_view body) const override;
  http::Response RenderError(const Error& error, const http::RequestHead& head,
                             const RequestId& request_id) const override;
  std::string ErrorCode(const Error& error, const http::RequestHead& head) const override;
  // Bucket, key, and what the query asks for; never a signature, a header or a body.
  std::string AuditParameters(const Call& call, const Prepared& prepared) const override;
  std::span<const Row> rows() const override;
  // "/bucket/key" where the host names the bucket: what a signature of version 2 covers, which does not cover the host.
  std::optional<std::string> SignedPath(const http::RequestHead& head) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace aloft::api::s3
