#include "platform/compute/agent/pipes.h"

#include <archive.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstring>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"

namespace aloft::compute {
namespace {

constexpr std::uint32_t kRecordMagic = 0xced7230a;
constexpr std::uint64_t kMaxRecord = (1ull << 29) - 1;
constexpr auto kLookAgain = std::chrono::milliseconds(20);
constexpr std::uint64_t kMaxManifest = 256u << 20;

// The reader has closed the FIFO: it has had enough of this epoch.
constexpr Reason kReaderGone{ErrorKind::kCancelled, "PipeReaderGone"};

Status WriteAll(int pipe, const char* data, std::size_t size, const std::atomic<bool>& stopping) {
  while (size > 0) {
    if (stopping.load()) return Fail(kCancelled, "stopped while data was streamed");
    ssize_t wrote = ::write(pipe, data, size);
    if (wrote > 0) {
      data += wrote;
      size -= static_cast<std::size_t>(wrote);
    } else if (errno == EAGAIN) {
      pollfd wait{pipe, POLLOUT, 0};
      ::poll(&wait, 1, 200);
    } else if (errno == EPIPE) {
      return Fail(kReaderGone, "the reader has closed the pipe");
    } else if (errno != EINTR) {
      return SystemError("write a pipe", errno);
    }
  }
  return {};
}

// The file's bytes, or what they decompress to, handed on as they come.
Status ForEachChunk(int file, bool gzip, const std::function<Status(const char*, std::size_t)>& use) {
  std::vector<char> buffer(256 << 10);
  if (!gzip) {
    for (off_t at = 0;;) {
      ssize_t got = ::pread(file, buffer.data(), buffer.size(), at);
      if (got < 0) return SystemError("read a download", errno);
      if (got == 0) return {};
      at += got;
      ALOFT_TRY(use(buffer.data(), static_cast<std::size_t>(got)));
    }
  }
  std::unique_ptr<archive, int (*)(archive*)> reader(::archive_read_new(), ::archive_read_free);
  ::archive_read_support_filter_gzip(reader.get());
  ::archive_read_support_format_raw(reader.get());
  ::archive_read_support_format_empty(reader.get());
  archive_entry* entry = nullptr;
  if (::lseek(file, 0, SEEK_SET) != 0) return SystemError("seek", errno);
  auto broken = [&] {
    const char* why = ::archive_error_string(reader.get());
    return Fail(kInvalidArgument, std::string("the object is no good gzip file: ") + (why ? why : ""));
  };
  if (::archive_read_open_fd(reader.get(), file, 64 << 10) != ARCHIVE_OK) return broken();
  int found = ::archive_read_next_header(reader.get(), &entry);
  if (found == ARCHIVE_EOF) return {};
  if (found != ARCHIVE_OK) return broken();
  for (;;) {
    la_ssize_t got = ::archive_read_data(reader.get(), buffer.data(), buffer.size());
    if (got < 0) return broken();
    if (got == 0) return {};
    ALOFT_TRY(use(buffer.data(), static_cast<std::size_t>(got)));
  }
}

std::string LittleEndian(std::uint32_t number) {
  std::string bytes;
  for (int shift : {0, 8, 16, 24}) bytes.push_back(static_cast<char>(number >> shift & 0xFF));
  return bytes;
}

}  // namespace

std::string RecordHead(std::uint64_t size) {
  return LittleEndian(kRecordMagic) + LittleEndian(static_cast<std::uint32_t>(size));
}
std::string RecordTail(std::uint64_t size) {
  return std::string((4 - size % 4) % 4, '\0');
}

Result<os::Fd> Pipes::Scratch() const {
  os::Fd file(::open(options_.scratch.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) return SystemError("a temporary file in " + options_.scratch, errno);
  return file;
}

Status Pipes::MakeFifo(const std::string& path) const {
  std::size_t slash = path.rfind('/');
  std::string parent = slash == std::string::npos ? "." : path.substr(0, slash);
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  ALOFT_ASSIGN(os::Fd directory, MakeBeneath(options_.ml, parent, options_.owner));
  if (::mkfifoat(directory.get(), name.c_str(), 0644) != 0 && errno != EEXIST)
    return SystemError("make the pipe " + path, errno);
  if (options_.owner &&
      ::fchownat(directory.get(), name.c_str(), *options_.owner, *options_.owner, AT_SYMLINK_NOFOLLOW) != 0)
    return SystemError("chown " + path, errno);
  return {};
}

Status Pipes::Open(const Input& input) {
  ALOFT_TRY(ItemsOf(input, 0));  // what cannot be read ends the task before the code begins
  ALOFT_TRY(MakeFifo(BelowOptMl(input.path) + "_0"));
  feeders_.emplace_back([this, input] { Feed(input); });
  return {};
}

void Pipes::Stop() {
  stopping_ = true;
  for (std::thread& feeder : feeders_)
    if (feeder.joinable()) feeder.join();
}

std::string Pipes::failure() const {
  std::lock_guard lock(mutex_);
  return failure_;
}

void Pipes::Feed(const Input& input) {
  for (int epoch = 0; !stopping_; ++epoch) {
    Status fed = FeedEpoch(input, epoch);
    if (fed.ok() || fed.error().reason == kReaderGone) continue;
    if (stopping_) return;
    options_.progress("Aloft: channel " + input.channel + " cannot be streamed: " + fed.error().message);
    std::lock_guard lock(mutex_);
    if (failure_.empty()) failure_ = "channel " + input.channel + ": " + fed.error().message;
    return;
  }
}

os::Fd Pipes::WaitForReader(const std::string& path) const {
  while (!stopping_) {
    os::Fd pipe = OpenBeneath(options_.ml, path, O_WRONLY | O_NONBLOCK);
    struct stat status {};
    if (pipe && ::fstat(pipe.get(), &status) == 0 && S_ISFIFO(status.st_mode)) return pipe;
    std::this_thread::sleep_for(kLookAgain);
  }
  return {};
}

Status Pipes::FeedEpoch(const Input& input, int epoch) {
  std::string path = BelowOptMl(input.path) + "_" + std::to_string(epoch);
  os::Fd pipe = WaitForReader(path);
  if (!pipe) return Fail(kCancelled, "stopped");
  // There before the end of this one is: the code may open it at once.
  ALOFT_TRY(MakeFifo(BelowOptMl(input.path) + "_" + std::to_string(epoch + 1)));
  ALOFT_ASSIGN(std::vector<Item> items, ItemsOf(input, epoch));
  for (const Item& item : items) ALOFT_TRY(FeedItem(input, item, pipe.get()));
  return {};
}

// Each line of an augmented manifest is an object; of its attributes those that were asked for, in that order, are
// streamed: of "...-ref" the object it names, of the others their JSON.
Result<std::vector<Pipes::Item>> Pipes::ItemsOf(const Input& input, int epoch) {
  auto scratch = [this] { return Scratch(); };
  std::vector<Item> items;
  if (input.kind != Input::Kind::kAugmentedManifest) {
    ALOFT_ASSIGN(std::vector<ListedObject> objects, ListObjects(transfer_, input, scratch, epoch));
    for (ListedObject& object : objects) items.push_back({std::move(object.bucket), std::move(object.key), {}});
    return items;
  }
  auto place = ParseS3Uri(input.s3_uri);
  if (!place) return Fail(kInvalidArgument, input.s3_uri + " is no S3 URI");
  ALOFT_ASSIGN(os::Fd file, Scratch());
  ALOFT_ASSIGN(ObjectInfo info, transfer_.Download(place->first, place->second, file.get()));
  if (info.size > kMaxManifest) return Fail(kInvalidArgument, input.s3_uri + " is larger than 256 MiB");
  std::string text;
  ALOFT_TRY(ForEachChunk(file.get(), false, [&](const char* data, std::size_t size) -> Status {
    text.append(data, size);
    return {};
  }));
  std::vector<std::string_view> lines;
  for (std::string_view line : Split(text, '\n'))
    if (!Trim(line).empty()) lines.push_back(line);
  std::vector<std::size_t> order = ShareOf(lines.size(), input, epoch);
  for (std::size_t index : order) {
    auto parsed = codec::ParseJson(lines[index]);
    if (!parsed.ok() || !parsed->is_object())
      return Fail(kInvalidArgument, "line " + std::to_string(index + 1) + " of " + input.s3_uri + " is no JSON object");
    for (const std::string& attribute : input.attributes) {
      const auto* value = parsed->as_object().if_contains(attribute);
      if (!value)
        return Fail(kInvalidArgument,
                    "line " + std::to_string(index + 1) + " of " + input.s3_uri + " has no \"" + attribute + "\"");
      if (!attribute.ends_with("-ref")) {
        items.push_back({{}, {}, codec::WriteJson(*value)});
        continue;
      }
      auto object = value->is_string() ? ParseS3Uri(std::string_view(value->as_string())) : std::nullopt;
      if (!object)
        return Fail(kInvalidArgument, "line " + std::to_string(index + 1) + " of " + input.s3_uri + ": \"" + attribute +
                                          "\" is no S3 URI");
      items.push_back({object->first, object->second, {}});
    }
  }
  return items;
}

Status Pipes::FeedItem(const Input& input, const Item& item, int pipe) {
  auto write = [&](const char* data, std::size_t size) { return WriteAll(pipe, data, size, stopping_); };
  auto write_text = [&](const std::string& text) { return write(text.data(), text.size()); };
  os::Fd file;
  std::uint64_t size = item.text.size();
  if (!item.bucket.empty()) {
    ALOFT_ASSIGN(file, Scratch());
    ALOFT_TRY(transfer_.Download(item.bucket, item.key, file.get()));
    size = 0;
    if (input.record_io)  // a record says its length first
      ALOFT_TRY(ForEachChunk(file.get(), input.gzip, [&](const char*, std::size_t chunk) -> Status {
        size += chunk;
        return {};
      }));
  }
  if (input.record_io && size > kMaxRecord)
    return Fail(kInvalidArgument, item.key + " is larger than a RecordIO record can be (512 MiB)");
  if (input.record_io) ALOFT_TRY(write_text(RecordHead(size)));
  if (item.bucket.empty())
    ALOFT_TRY(write_text(item.text));
  else
    ALOFT_TRY(ForEachChunk(file.get(), input.gzip, write));
  if (input.record_io) ALOFT_TRY(write_text(RecordTail(size)));
  return {};
}

}  // namespace aloft::compute
