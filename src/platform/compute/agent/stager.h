// A task's data in and out: objects become files below /opt/ml, directories become objects.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/compute/agent/beneath.h"
#include "platform/compute/agent/object_transfer.h"
#include "platform/compute/task.h"

namespace aloft::compute {

struct StagerOptions {
  int ml = -1;          // the open directory that is /opt/ml inside
  std::string scratch;  // a directory for archives on their way; nothing stays in it
  Owner owner;          // of what is made
  std::uint64_t disk_bytes = 0;
  std::function<bool()> cancelled;
  std::function<void(std::string_view)> progress;  // a line for the log
};

class Stager {
 public:
  Stager(ObjectTransfer& transfer, StagerOptions options) : transfer_(transfer), options_(std::move(options)) {}

  // Reasons that are the caller's to mend: kObjectMissing, kObjectDenied, kBadArchive, kArchiveTooLarge,
  // kInvalidArgument. kCancelled after a stop.
  Status Bring(const Input& input);
  Status Store(const Output& output);
  // Of the channels brought so far.
  const std::vector<InputRead>& reads() const { return reads_; }

 private:
  Status BringObjects(const Input& input);
  Status BringArchive(const Input& input, const std::string& bucket, const std::string& key);
  Status BringFile(const std::string& bucket, const std::string& key, const std::string& path);
  Status StoreFiles(int directory, const std::string& bucket, const std::string& prefix);
  Result<os::Fd> Scratch() const;

  ObjectTransfer& transfer_;
  StagerOptions options_;
  std::atomic<std::uint64_t> bytes_{0};
  std::vector<InputRead> reads_;
};

// "s3://bucket/a/key" -> {"bucket", "a/key"}; absent where it is no such URI.
std::optional<std::pair<std::string, std::string>> ParseS3Uri(std::string_view uri);

// Where an object of a prefix is laid out: the rest of its key after the prefix, or after the prefix's last '/' where
// the prefix ends within a name. Absent where the key has "..".
std::optional<std::string> PathOfKey(std::string_view prefix, std::string_view key);

// A path below /opt/ml, relative to it; "." for /opt/ml itself.
std::string BelowOptMl(std::string_view path);

}  // namespace aloft::compute
