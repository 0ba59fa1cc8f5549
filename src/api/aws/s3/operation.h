// What the operations of this API share: how a row is made of a name, permissions and a function, and how answers look.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/aws/s3/access.h"
#include "api/aws/s3/front.h"
#include "api/aws/s3_documents/schema.h"
#include "api/aws/s3_wire/errors.h"
#include "api/aws/s3_wire/request.h"
#include "foundation/codec/xml.h"

namespace aloft::api::s3 {

inline constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
inline constexpr std::size_t kMaxXmlBytes = 8u << 20;  // of DeleteObjects and CompleteMultipartUpload

// Everything an operation works with.
struct Context {
  Dependencies dependencies;
  Options options;
  std::shared_ptr<const AccessFacts> access;

  // What one request works with: it looks at each bucket once.
  std::unique_ptr<const Context> ForRequest() const {
    return std::make_unique<const Context>(Context{dependencies, options, access->ForRequest()});
  }
};

// A decoded operation that answers at once.
using Work = std::function<Result<http::Response>(const Call&, const Authorized&)>;
struct Plan {
  std::vector<Permission> permissions;
  Work work;
};

class PlannedOperation final : public Prepared {
 public:
  // The plan works with the context.
  PlannedOperation(std::unique_ptr<const Context> context, std::string bucket, Plan plan)
      : context_(std::move(context)), bucket_(std::move(bucket)), plan_(std::move(plan)) {}
  std::vector<Permission> permissions() const override { return plan_.permissions; }
  void Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) override;

 private:
  const std::unique_ptr<const Context> context_;
  std::string bucket_;
  Plan plan_;
};

// Decodes the request; every input error is found here.
using Planner = std::function<Result<Plan>(const Context&, const Call&, Target)>;
Row MakeRow(const Context& context, std::string_view operation, Planner planner,
            std::size_t max_body_bytes = 64 * 1024);

// The rows of each file of operations.
void AddBucketRows(const Context& context, std::vector<Row>& rows);
void AddAgingRows(const Context& context, std::vector<Row>& rows);
void AddAclRows(const Context& context, std::vector<Row>& rows);
void AddBucketPolicyRows(const Context& context, std::vector<Row>& rows);
void AddConfigurationRows(const Context& context, std::vector<Row>& rows);
void AddCorsRows(const Context& context, std::vector<Row>& rows);
void AddInventoryRows(const Context& context, std::vector<Row>& rows);
void AddListingRows(const Context& context, std::vector<Row>& rows);
void AddAttributesRows(const Context& context, std::vector<Row>& rows);
void AddGetRows(const Context& context, std::vector<Row>& rows);
void AddPostRows(const Context& context, std::vector<Row>& rows);
void AddPutRows(const Context& context, std::vector<Row>& rows);
void AddCopyRows(const Context& context, std::vector<Row>& rows);
void AddDeleteRows(const Context& context, std::vector<Row>& rows);
void AddMultipartRows(const Context& context, std::vector<Row>& rows);
void AddTaggingRows(const Context& context, std::vector<Row>& rows);
void AddVersioningRows(const Context& context, std::vector<Row>& rows);

// An answer with the headers that all have.
http::Response Answer(const Call& call, int status, std::string body = {});
http::Response XmlAnswer(const Call& call, std::string body);

// The bucket's name by the naming rules, the key by its own.
Status CheckNames(const Context& context, const Target& target);
// One thing that policy must allow of a bucket or an object, with the keys of S3 that follow from the request's head
// (s3:x-amz-acl, s3:versionid, ...) and what the bucket's owner says. `more` adds the operation's own.
Permission Need(const Context& context, const Call& call, std::string_view action, std::string resource,
                identity::Context more = {});
// `versioned` where the request names a version, else `plain`.
std::string_view ForVersion(const Target& target, std::string_view plain, std::string_view versioned);
// What writing an object needs: each header that says more than the bytes adds its action.
std::vector<Permission> NeedWrite(const Context& context, const Call& call, const Target& target);

// Whose the bucket is, on whose behalf the object store is asked: who may ask was decided before. kNoSuchBucket;
// kAccessDenied where the caller expects another owner.
Result<AccountId> OwnerOf(const Context& context, const Call& call, std::string_view bucket,
                          std::string_view header = "x-amz-expected-bucket-owner");

// The body against the digests that its head announces; kInvalidRequest where it must announce one and does not.
Status CheckBody(const Call& call, bool required);

// The headers that let a page of another origin use the answer, where the bucket's CORS configuration says so.
void AddCors(const Context& context, const http::RequestHead& head, std::string_view bucket, http::Response& response);
// x-amz-expiration, where a lifecycle rule will remove the object.
void AddExpiration(http::Headers& headers, const Context& context, const std::string& bucket,
                   const objects::ObjectInfo& info);
// kInvalidArgument where the version is named and empty.
Status CheckVersion(const Target& target);

// The answer that an error is, for handlers that have headers to add to it.
http::Response ErrorAnswer(const Error& error, const http::RequestHead& head, const RequestId& request_id);
// What an absent object is called to this caller: that it is absent only to who may list the bucket, else
// kAccessDenied. Other errors stay.
Error Missing(const Context& context, const Call& call, const Authorized& authorized, std::string_view bucket,
              const Error& error);
// The version that the request means, described but not opened: tags, lists and locks need no key of the writer's.
// As Missing; objects::kDeleteMarkerVersion where it is a marker.
Result<objects::ObjectInfo> DescribeVersion(const Context& context, const Call& call, const Authorized& authorized,
                                            const AccountId& owner, const Target& target);
// A Tagging document of an object. kMalformedXml, objects::kInvalidTag.
Result<objects::Pairs> ReadTagging(const Context& context, std::string_view body);
// x-amz-bypass-governance-retention.
bool BypassesGovernance(const Call& call);

// A number in a query parameter within bounds; `otherwise` where it is absent.
Result<std::size_t> NumberParameter(const Target& target, std::string_view name, std::size_t otherwise,
                                    std::size_t most);

// The 64 digits that S3 shows as the owner of everything in an account.
std::string CanonicalUserId(const AccountId& account);

}  // namespace aloft::api::s3
