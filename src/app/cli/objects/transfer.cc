#include "app/cli/objects/transfer.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "app/cli/objects/object_digest.h"

namespace aloft::app {
namespace {

constexpr int kAttempts = 3;  // of an object whose bytes came damaged
constexpr std::size_t kMostWaiting = 2000;

// What is copied one after the other: one object, or the versions of a key, the oldest first.
using Group = std::vector<s3::Listed>;

// Objects between the listing and those who copy them. Bounded.
class Queue {
 public:
  void Push(Group group) {
    if (group.empty()) return;
    std::unique_lock lock(mutex_);
    space_.wait(lock, [&] { return waiting_.size() < kMostWaiting; });
    waiting_.push_back(std::move(group));
    work_.notify_one();
  }
  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    work_.notify_all();
  }
  std::optional<Group> Pop() {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    Group group = std::move(waiting_.front());
    waiting_.pop_front();
    space_.notify_one();
    return group;
  }

 private:
  std::mutex mutex_;
  std::condition_variable work_, space_;
  std::deque<Group> waiting_;
  bool closed_ = false;
};

// How an object was cut, which tells how its ETag was made. Empty where it was not, or its endpoint cannot say.
std::vector<std::uint64_t> PartSizes(s3::Client& source, const SourceObject& object) {
  const s3::Head& head = object.head;
  const int count = PartsOf(head.etag);
  if (count == 0) return {};
  std::vector<std::uint64_t> sizes;
  auto ask = [&](int number) -> std::uint64_t {
    auto part = s3::HeadObject(source, object.bucket, object.key, number, object.version);
    return part.ok() && (part->parts == count || count == 1) ? part->size : 0;
  };
  std::uint64_t first = ask(1), last = count == 1 ? first : ask(count);
  if (first == 0 || last == 0) return {};
  // Nearly everybody cuts evenly; who does not is asked for each part.
  bool even = first * static_cast<std::uint64_t>(count - 1) + last == head.size;
  for (int number = 1; number <= count; ++number) {
    std::uint64_t size = number == count ? last : even || number == 1 ? first : ask(number);
    if (size == 0) return {};
    sizes.push_back(size);
  }
  return sizes;
}

Status CopyBytes(s3::Client& source, const S3Path& from, Target& target, const s3::Listed& listed,
                 const std::string& version, TransferReport& report) {
  const std::string name = listed.key.substr(from.prefix.size());
  for (int attempt = 1;; ++attempt) {
    SourceObject object{.client = source, .bucket = from.bucket, .head = {}, .key = listed.key, .version = version};
    ALOFT_ASSIGN(object.head, s3::HeadObject(source, from.bucket, listed.key, 0, version));
    object.part_sizes = PartSizes(source, object);
    std::uint64_t sent = 0;
    Status copied = target.Take(object, name, [&](std::uint64_t bytes) {
      sent += bytes;
      report.bytes += bytes;
    });
    if (copied.ok()) return copied;
    bool changed = copied.error().reason == s3::kConditionFailed;
    if (!(copied.error().reason == kCorrupt || changed) || attempt == kAttempts) return copied;
    report.bytes -= sent;
  }
}

Status CopyOne(s3::Client& source, const S3Path& from, Target& target, const s3::Listed& listed,
               const TransferOptions& options, TransferReport& report) {
  ALOFT_ASSIGN(bool there, target.Has(listed, listed.key.substr(from.prefix.size())));
  if (!there && !options.dry_run) ALOFT_TRY(CopyBytes(source, from, target, listed, {}, report));
  ++(there ? report.there : report.copied);
  return {};
}

// How many of a key's versions, from the oldest on, are there already. They were copied in their order, so they are the
// last that are there; those before them may be gone from the source by now.
Result<std::size_t> CountThere(Target& target, const std::vector<s3::Listed>& there, const Group& versions) {
  for (std::size_t count = std::min(there.size(), versions.size()); count > 0; --count) {
    bool all = true;
    for (std::size_t i = 0; i < count && all; ++i) {
      ALOFT_ASSIGN(all, target.IsCopy(there[there.size() - count + i], versions[i]));
    }
    if (all) return count;
  }
  return std::size_t{0};
}

Status CopyVersions(s3::Client& source, const S3Path& from, Target& target, const Group& versions,
                    const TransferOptions& options, TransferReport& report) {
  const std::string name = versions.front().key.substr(from.prefix.size());
  ALOFT_ASSIGN(auto there, target.Versions(name));
  ALOFT_ASSIGN(std::size_t known, CountThere(target, there, versions));
  if (!there.empty() && known == 0)
    return Fail(kInvalidArgument, "s3://" + from.bucket + "/" + versions.front().key +
                                      ": what is there under its name are not its versions; nothing was copied");
  report.there += known;
  for (std::size_t i = known; i < versions.size(); ++i) {
    if (!options.dry_run && versions[i].is_delete_marker) ALOFT_TRY(target.Mark(name));
    if (!options.dry_run && !versions[i].is_delete_marker)
      ALOFT_TRY(CopyBytes(source, from, target, versions[i], versions[i].version_id, report));
    ++report.copied;
  }
  return {};
}

// Tells `take` of each group below the prefix.
Status ListGroups(s3::Client& source, const S3Path& from, bool versions, TransferReport& report,
                  const std::function<void(Group)>& take) {
  std::string next;
  Group group;
  auto finish = [&] {
    std::reverse(group.begin(), group.end());  // listings begin with the newest
    take(std::move(group));
    group.clear();
  };
  do {
    ALOFT_ASSIGN(auto page, versions ? s3::ListVersions(source, from.bucket, from.prefix, next)
                                     : s3::ListObjects(source, from.bucket, from.prefix, next));
    for (auto& object : page.objects) {
      ++report.seen;
      if (!group.empty() && group.front().key != object.key) finish();
      group.push_back(std::move(object));
    }
    next = std::move(page.next);
  } while (!next.empty());
  finish();
  return {};
}

Error NoVersions() {
  return Fail(kUnimplemented, "The target does not keep versions");
}

}  // namespace

Result<std::vector<s3::Listed>> Target::Versions(const std::string&) {
  return NoVersions();
}
Result<bool> Target::IsCopy(const s3::Listed&, const s3::Listed&) {
  return NoVersions();
}
Status Target::Mark(const std::string&) {
  return NoVersions();
}

bool SourceObject::verifiable() const {
  std::string_view encryption = head.headers.Get("x-amz-server-side-encryption");
  return !encryption.starts_with("aws:kms") && !head.headers.Has("x-amz-server-side-encryption-customer-algorithm") &&
         (LooksLikeMd5(head.etag) || PartsOf(head.etag) > 0);
}

Result<std::string> SourceObject::Read(std::uint64_t offset, std::uint64_t length) const {
  ALOFT_ASSIGN(std::string bytes, s3::GetRange(client, bucket, key, offset, length, head.etag, version));
  if (bytes.size() != length) return Fail(kCorrupt, "s3://" + bucket + "/" + key + " ended early");
  return bytes;
}

Status RunTransfer(s3::Client& source, const S3Path& from, Target& target, const TransferOptions& options,
                   TransferReport& report, const std::function<void(const std::string&)>& complain) {
  Queue queue;
  std::vector<std::thread> workers;
  for (int i = 0; i < options.jobs; ++i)
    workers.emplace_back([&] {
      while (auto group = queue.Pop()) {
        Status copied = options.versions ? CopyVersions(source, from, target, *group, options, report)
                                         : CopyOne(source, from, target, group->front(), options, report);
        if (copied.ok()) continue;
        ++report.failed;
        complain(copied.error().message);
      }
    });
  Status listed =
      ListGroups(source, from, options.versions, report, [&](Group group) { queue.Push(std::move(group)); });
  queue.Close();
  for (auto& worker : workers) worker.join();
  return listed;
}

}  // namespace aloft::app
