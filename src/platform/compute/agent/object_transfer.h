// Moving objects between a bucket and files: what staging needs of an object store.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/http/tls_identity.h"
#include "platform/compute/credentials.h"

namespace aloft::compute {

inline constexpr Reason kObjectMissing{ErrorKind::kNotFound, "ObjectMissing"};
inline constexpr Reason kObjectDenied{ErrorKind::kDenied, "ObjectDenied"};

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;
};

// Blocking; thread-safe. Failures that a repetition may mend have been repeated already.
class ObjectTransfer {
 public:
  virtual ~ObjectTransfer() = default;
  // All keys with the prefix, in order.
  virtual Result<std::vector<ObjectInfo>> List(const std::string& bucket, const std::string& prefix) = 0;
  // Into the open file, from its beginning; whole and verified, or an error.
  virtual Result<ObjectInfo> Download(const std::string& bucket, const std::string& key, int file) = 0;
  // Bytes [offset, offset + length) of that version of the object (any, where `object.etag` is empty): exactly so many.
  virtual Result<std::string> ReadRange(const std::string& bucket, const ObjectInfo& object, std::uint64_t offset,
                                        std::uint64_t length) = 0;
  virtual Result<ObjectInfo> Head(const std::string& bucket, const std::string& key) = 0;
  // `size` bytes of the open file. The object appears whole or not at all.
  virtual Status Upload(const std::string& bucket, const std::string& key, int file, std::uint64_t size) = 0;
};

struct TransferOptions {
  // "https://host:port", or "file:///directory" whose directories are buckets. Asked before each request.
  std::function<std::string()> api_url;
  std::string ca_file;
  std::string region;
  std::function<Result<Credentials>()> credentials;  // asked for each request: the server renews them
  std::function<http::TlsIdentity()> identity{};     // what they are bound to, asked likewise; absent or empty: none
  std::function<bool()> cancelled;
};
Result<std::unique_ptr<ObjectTransfer>> OpenTransfer(TransferOptions options);

}  // namespace aloft::compute
