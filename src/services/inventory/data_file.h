// One file of an inventory: lines, compressed as they come, into an object that appears when it is whole. Memory stays
// the same however many lines there are.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "foundation/crypto/hash.h"
#include "services/objects/service.h"

struct z_stream_s;

namespace aloft::inventory {

// As the manifest lists it.
struct FileEntry {
  std::string key{};
  std::uint64_t size = 0;
  std::string md5{};  // hexadecimal
};

// Dropped before Finish it leaves nothing behind. One thread at a time.
class DataFile {
 public:
  static Result<std::unique_ptr<DataFile>> Begin(objects::Service& objects, const AccountId& account,
                                                 objects::PutRequest request);
  ~DataFile();

  Status Add(std::string_view lines);
  Result<FileEntry> Finish();

 private:
  DataFile(std::string key, std::unique_ptr<objects::PutSession> put);
  Status Deflate(std::string_view bytes, int flush);

  FileEntry entry_;
  std::unique_ptr<objects::PutSession> put_;
  std::unique_ptr<z_stream_s> stream_;
  crypto::Hash md5_{crypto::Digest::kMd5};
};

}  // namespace aloft::inventory
