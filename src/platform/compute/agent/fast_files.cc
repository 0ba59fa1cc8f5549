#include "platform/compute/agent/fast_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "foundation/os/sandbox.h"
#include "platform/compute/agent/parallel.h"

namespace aloft::compute {

Status FastFiles::Available() {
  os::Fd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (device) return {};
  return Fail(kUnavailable, std::string("/dev/fuse cannot be opened (") + ::strerror(errno) + ")");
}

Status FastFiles::FindSizes(std::vector<ListedObject>& objects) {
  return InParallel(objects.size(), [&](std::size_t index) -> Status {
    ListedObject& object = objects[index];
    if (!object.etag.empty() || object.size > 0) return {};
    if (options_.cancelled()) return Fail(kCancelled, "stopped while data was looked up");
    ALOFT_ASSIGN(ObjectInfo info, transfer_.Head(object.bucket, object.key));
    object.size = info.size;
    object.etag = std::move(info.etag);
    return {};
  });
}

Status FastFiles::Open(const Input& input) {
  auto named = [&](Error error) -> Status {
    error.message = "channel " + input.channel + ": " + error.message;
    return error;
  };
  auto scratch = [this]() -> Result<os::Fd> {
    os::Fd file(::open(options_.scratch.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!file) return SystemError("a temporary file in " + options_.scratch, errno);
    return file;
  };
  auto objects = ListObjects(transfer_, input, scratch);
  if (!objects.ok()) return named(std::move(objects).error());
  if (input.kind == Input::Kind::kManifest)
    if (auto sized = FindSizes(*objects); !sized.ok()) return named(std::move(sized).error());
  std::vector<fastfile::Leaf> leaves;
  auto channel = std::make_unique<Channel>();
  for (const ListedObject& object : *objects) {
    leaves.push_back({object.path, object.size});
    channel->bytes += object.size;
  }
  auto tree = fastfile::Tree::Build(leaves);
  if (!tree.ok()) return named(std::move(tree).error());
  ALOFT_TRY(MakeBeneath(options_.ml, BelowOptMl(input.path), options_.owner));
  channel->name = input.channel;
  channel->objects = std::move(*objects);
  channel->tree = std::move(*tree);
  options_.progress(fmt::format("Mounted {} file{} ({} bytes) for channel {}; they are fetched as they are read.",
                                channel->objects.size(), channel->objects.size() == 1 ? "" : "s", channel->bytes,
                                input.channel));
  channels_.push_back(std::move(channel));
  return {};
}

Status FastFiles::Serve(std::vector<os::Fd> devices) {
  if (devices.size() != channels_.size()) return Fail(kInternal, "the sandbox has made other mounts than were asked");
  for (std::size_t i = 0; i < devices.size(); ++i) {
    Channel* channel = channels_[i].get();
    auto fetch = [this, channel](std::size_t leaf, std::uint64_t offset, std::uint64_t length) {
      const ListedObject& object = channel->objects[leaf];
      return transfer_.ReadRange(object.bucket, {object.key, object.size, object.etag}, offset, length);
    };
    std::vector<std::uint64_t> sizes;
    for (const ListedObject& object : channel->objects) sizes.push_back(object.size);
    // The memory of all channels together is bounded.
    fastfile::CacheOptions cache;
    cache.max_bytes = std::max<std::uint64_t>(cache.max_bytes / devices.size(), 16u << 20);
    auto failed = [this, channel](std::size_t leaf, const Error& error) {
      options_.progress("Aloft: channel " + channel->name + ": " + channel->objects[leaf].path +
                        " cannot be read: " + error.message);
    };
    ALOFT_ASSIGN(channel->mount,
                 fastfile::Mount::Serve(std::move(devices[i]), std::move(channel->tree),
                                        std::make_unique<fastfile::BlockCache>(fetch, std::move(sizes), cache),
                                        {.owner = owner_, .on_failure = failed}));
  }
  return {};
}

void FastFiles::Stop() {
  for (auto& channel : channels_)
    if (channel->mount) channel->mount->Stop();
}

std::vector<InputRead> FastFiles::reads() const {
  std::vector<InputRead> reads;
  for (const auto& channel : channels_) {
    InputRead read{channel->name, "FastFile", channel->objects.size(), 0, channel->bytes, 0};
    if (channel->mount) {
      auto counts = channel->mount->counts();
      read.objects_read = counts.leaves_read;
      read.bytes_read = counts.bytes_fetched;
    }
    reads.push_back(std::move(read));
  }
  return reads;
}

}  // namespace aloft::compute
