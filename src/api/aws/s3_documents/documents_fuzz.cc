// Every reader of a document that comes from outside: none may crash, and what one accepts and writes it accepts again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/aws/s3_documents/acl.h"
#include "api/aws/s3_documents/bucket_policy.h"
#include "api/aws/s3_documents/checks.h"
#include "api/aws/s3_documents/post_policy.h"
#include "api/aws/s3_documents/schemas.h"

using namespace aloft;
using namespace aloft::api::s3::documents;

namespace {

void Configuration(std::string_view text, const XmlRule& schema, Status (*check)(codec::XmlElement&)) {
  auto root = ReadXml(text, schema);
  if (!root.ok() || (check != nullptr && !check(*root).ok())) return;
  auto again = ReadXml(WriteXml(*root), schema);
  if (!again.ok() || (check != nullptr && !check(*again).ok())) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 12) {
    case 0: Configuration(text, kCorsSchema, CheckCors); break;
    case 1: Configuration(text, kTaggingSchema, CheckBucketTagging); break;
    case 2: Configuration(text, kEncryptionSchema, CheckEncryption); break;
    case 3: Configuration(text, kLifecycleSchema, CheckLifecycle); break;
    case 4: Configuration(text, kNotificationSchema, CheckNotification); break;
    case 5: Configuration(text, kOwnershipSchema, nullptr); break;
    case 6: Configuration(text, kPublicAccessBlockSchema, nullptr); break;
    case 7: Configuration(text, kObjectLockSchema, nullptr); break;
    case 8: Configuration(text, kRestoreSchema, nullptr); break;
    case 9:
      if (auto acl = ParseAcl(text); acl.ok() && !ParseAcl(WriteAcl(*acl)).ok()) std::abort();
      break;
    case 10: static_cast<void>(ReadBucketPolicy(text, "data")); break;
    case 11:
      if (auto policy = ReadPostPolicy(text); policy.ok())
        static_cast<void>(CheckPostPolicy(*policy, {{"key", "k"}, {"content-type", "a,b"}}, Time{}));
      break;
  }
  return 0;
}
