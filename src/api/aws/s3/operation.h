// What the operations of this API share: how a row is made of a name, permissions and a function, and how answers look.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/aws/s3/errors.h"
#include "api/aws/s3/front.h"
#include "api/aws/s3/request.h"
#include "foundation/codec/xml.h"

namespace aloft::api::s3 {

inline constexpr std::string_view kNamespace = "http://s3.amazonaws.com/doc/2006-03-01/";
inline constexpr std::size_t kMaxXmlBytes = 8u << 20;  // of DeleteObjects and CompleteMultipartUpload

// Everything an operation works with.
struct Context {
  Dependencies dependencies;
  Options options;
};

// A decoded operation that answers at once.
using Work = std::function<Result<http::Response>(const Call&, const Authorized&)>;
struct Plan {
  std::vector<Permission> permissions;
  Work work;
};

class PlannedOperation final : public Prepared {
 public:
  explicit PlannedOperation(Plan plan) : plan_(std::move(plan)) {}
  std::vector<Permission> permissions() const override { return plan_.permissions; }
  void Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) override;

 private:
  Plan plan_;
};

// Decodes the request; every input error is found here.
using Planner = std::function<Result<Plan>(const Context&, const Call&, Target)>;
Row MakeRow(const Context& context, std::string_view operation, Planner planner,
            std::size_t max_body_bytes = 64 * 1024);

// The rows of each file of operations.
void AddBucketRows(const Context& context, std::vector<Row>& rows);
void AddConfigurationRows(const Context& context, std::vector<Row>& rows);
void AddListingRows(const Context& context, std::vector<Row>& rows);
void AddGetRows(const Context& context, std::vector<Row>& rows);
void AddPutRows(const Context& context, std::vector<Row>& rows);
void AddCopyRows(const Context& context, std::vector<Row>& rows);
void AddDeleteRows(const Context& context, std::vector<Row>& rows);
void AddMultipartRows(const Context& context, std::vector<Row>& rows);
void AddTaggingRows(const Context& context, std::vector<Row>& rows);

// An answer with the headers that all have.
http::Response Answer(const Call& call, int status, std::string body = {});
http::Response XmlAnswer(const Call& call, std::string body);

// The bucket's name by the naming rules, the key by its own.
Status CheckNames(const Context& context, const Target& target);
// kAccessDenied where the caller expects another owner of the bucket than it has.
Status CheckExpectedOwner(const Context& context, const Call& call, std::string_view bucket,
                          std::string_view header = "x-amz-expected-bucket-owner");
// A version other than "null" cannot exist here.
Status CheckVersion(const Target& target);

// A number in a query parameter within bounds; `otherwise` where it is absent.
Result<std::size_t> NumberParameter(const Target& target, std::string_view name, std::size_t otherwise,
                                    std::size_t most);

// The 64 digits that S3 shows as the owner of everything in an account.
std::string CanonicalUserId(const AccountId& account);

}  // namespace aloft::api::s3
