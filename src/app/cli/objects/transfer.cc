#include "app/cli/objects/transfer.h"

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

// Objects between the listing and those who copy them. Bounded.
class Queue {
 public:
  bool Push(s3::Listed object) {
    std::unique_lock lock(mutex_);
    space_.wait(lock, [&] { return waiting_.size() < kMostWaiting; });
    waiting_.push_back(std::move(object));
    work_.notify_one();
    return true;
  }
  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    work_.notify_all();
  }
  std::optional<s3::Listed> Pop() {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    s3::Listed object = std::move(waiting_.front());
    waiting_.pop_front();
    space_.notify_one();
    return object;
  }

 private:
  std::mutex mutex_;
  std::condition_variable work_, space_;
  std::deque<s3::Listed> waiting_;
  bool closed_ = false;
};

// How an object was cut, which tells how its ETag was made. Empty where it was not, or its endpoint cannot say.
std::vector<std::uint64_t> PartSizes(s3::Client& source, const std::string& bucket, const std::string& key,
                                     const s3::Head& head) {
  const int count = PartsOf(head.etag);
  if (count == 0) return {};
  std::vector<std::uint64_t> sizes;
  auto ask = [&](int number) -> std::uint64_t {
    auto part = s3::HeadObject(source, bucket, key, number);
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

Result<Outcome> CopyOne(s3::Client& source, const S3Path& from, Target& target, const s3::Listed& listed,
                        const TransferOptions& options, TransferReport& report) {
  std::string name = listed.key.substr(from.prefix.size());
  ALOFT_ASSIGN(bool there, target.Has(listed, name));
  if (there) return Outcome::kThere;
  if (options.dry_run) return Outcome::kCopied;
  for (int attempt = 1;; ++attempt) {
    SourceObject object{.client = source, .bucket = from.bucket, .head = {}, .key = listed.key};
    ALOFT_ASSIGN(object.head, s3::HeadObject(source, from.bucket, listed.key));
    object.part_sizes = PartSizes(source, from.bucket, listed.key, object.head);
    std::uint64_t sent = 0;
    Status copied = target.Take(object, name, [&](std::uint64_t bytes) {
      sent += bytes;
      report.bytes += bytes;
    });
    if (copied.ok()) return Outcome::kCopied;
    bool changed = copied.error().reason == s3::kConditionFailed;
    if (!(copied.error().reason == kCorrupt || changed) || attempt == kAttempts) return std::move(copied).error();
    report.bytes -= sent;
  }
}

}  // namespace

bool SourceObject::verifiable() const {
  std::string_view encryption = head.headers.Get("x-amz-server-side-encryption");
  return !encryption.starts_with("aws:kms") && !head.headers.Has("x-amz-server-side-encryption-customer-algorithm") &&
         (LooksLikeMd5(head.etag) || PartsOf(head.etag) > 0);
}

Result<std::string> SourceObject::Read(std::uint64_t offset, std::uint64_t length) const {
  ALOFT_ASSIGN(std::string bytes, s3::GetRange(client, bucket, key, offset, length, head.etag));
  if (bytes.size() != length) return Fail(kCorrupt, "s3://" + bucket + "/" + key + " ended early");
  return bytes;
}

Status RunTransfer(s3::Client& source, const S3Path& from, Target& target, const TransferOptions& options,
                   TransferReport& report, const std::function<void(const std::string&)>& complain) {
  Queue queue;
  std::vector<std::thread> workers;
  for (int i = 0; i < options.jobs; ++i)
    workers.emplace_back([&] {
      while (auto object = queue.Pop()) {
        auto outcome = CopyOne(source, from, target, *object, options, report);
        if (!outcome.ok()) {
          ++report.failed;
          complain(outcome.error().message);
        } else {
          ++(*outcome == Outcome::kThere ? report.there : report.copied);
        }
      }
    });
  Status listed;
  std::string next;
  do {
    auto page = s3::ListObjects(source, from.bucket, from.prefix, next);
    if (!page.ok()) {
      listed = std::move(page).error();
      break;
    }
    for (auto& object : page->objects) {
      ++report.seen;
      queue.Push(std::move(object));
    }
    next = std::move(page->next);
  } while (!next.empty());
  queue.Close();
  for (auto& worker : workers) worker.join();
  return listed;
}

}  // namespace aloft::app
