#include "app/wiring/blob_stores.h"

#include <filesystem>

#include "app/wiring/root_of_trust.h"
#include "foundation/base/bytes.h"
#include "foundation/crypto/wipe.h"
#include "foundation/os/file.h"
#include "foundation/s3/client.h"

namespace aloft::app {
namespace {

// A second or two: a hiccup of the endpoint delays a write, an outage is told to its caller.
constexpr s3::Patience kPatience{.attempts = 6, .first_pause = std::chrono::milliseconds(50)};

// Beside what replicas share: it names the bucket that holds the bytes.
std::string MarkerPath(const Config& config) {
  return config.shared_directory + "/blobs-remote";
}

Status CheckMarker(const Config& config) {
  const RemoteBlobs& remote = config.remote_blobs;
  const std::string place = remote.bucket + "/" + remote.prefix + "\n";
  auto marker = os::ReadFile(MarkerPath(config));
  if (!remote.enabled()) {
    if (!marker.ok()) return {};
    return Fail(kInvalidArgument, "this installation keeps its bytes in the bucket " + std::string(Trim(*marker)) +
                                      ": name it in [blobs] of the configuration");
  }
  if (marker.ok() && *marker == place) return {};
  if (marker.ok())
    return Fail(kInvalidArgument, "this installation keeps its bytes in " + std::string(Trim(*marker)) + ", not in " +
                                      remote.bucket + "/" + remote.prefix);
  std::error_code failure;
  for (const std::string& directory : {config.blob_path(), config.archive_path()})
    if (std::filesystem::exists(directory, failure) && !std::filesystem::is_empty(directory, failure))
      return Fail(kInvalidArgument,
                  "this installation keeps its bytes in " + directory + ": they cannot be read from a bucket");
  return os::WriteFileDurably(MarkerPath(config), place, 0644);
}

Result<std::shared_ptr<s3::Client>> OpenClient(World& world) {
  const RemoteBlobs& remote = world.config.remote_blobs;
  ALOFT_ASSIGN(std::string credentials, ReadSecret(remote.credentials, "credentials of the blobs' endpoint"));
  const crypto::Wiped wiped(credentials);
  const std::size_t line = credentials.find('\n');
  if (line == std::string::npos)
    return Fail(kInvalidArgument, "the credentials of the blobs' endpoint are two lines: access key id and secret");
  s3::Access access{.endpoint = remote.endpoint, .region = remote.region};
  access.access_key_id = Trim(std::string_view(credentials).substr(0, line));
  access.secret_access_key = Trim(std::string_view(credentials).substr(line + 1));
  if (!remote.ca_file.empty()) {
    ALOFT_ASSIGN(access.ca_pem, os::ReadFile(remote.ca_file));
  }
  ALOFT_ASSIGN(auto client, s3::Client::Open(std::move(access), world.clock, world.random, kPatience));
  return std::shared_ptr<s3::Client>(std::move(client));
}

}  // namespace

Result<BlobStores> OpenBlobStores(World& world) {
  const Config& config = world.config;
  ALOFT_TRY(CheckMarker(config));
  BlobStores stores;
  if (!config.remote_blobs.enabled()) {
    ALOFT_ASSIGN(stores.blobs, blob::OpenDirectoryStore(config.blob_path(), world.random, world.log));
    ALOFT_ASSIGN(stores.archive, blob::OpenDirectoryStore(config.archive_path(), world.random, world.log));
    return stores;
  }
  ALOFT_ASSIGN(auto client, OpenClient(world));
  const RemoteBlobs& remote = config.remote_blobs;
  auto open = [&](const std::string& prefix) {
    return blob::OpenRemoteStore(client, remote.bucket, remote.prefix + prefix, world.clock, world.random, world.log);
  };
  ALOFT_ASSIGN(stores.blobs, open("blob/"));
  ALOFT_ASSIGN(stores.archive, open("archive/"));
  return stores;
}

}  // namespace aloft::app
