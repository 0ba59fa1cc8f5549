#include "services/inventory/data_file.h"

#include <zlib.h>

#include <array>

namespace aloft::inventory {

Result<std::unique_ptr<DataFile>> DataFile::Begin(objects::Service& objects, const AccountId& account,
                                                  objects::PutRequest request) {
  std::string key = request.key;
  ALOFT_ASSIGN(auto put, objects.BeginPut(account, std::move(request)));
  std::unique_ptr<DataFile> file(new DataFile(std::move(key), std::move(put)));
  if (deflateInit2(file->stream_.get(), Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return Fail(kInternal, "Internal error.", "deflateInit2");
  return file;
}

DataFile::DataFile(std::string key, std::unique_ptr<objects::PutSession> put)
    : entry_{std::move(key), 0, {}}, put_(std::move(put)), stream_(std::make_unique<z_stream_s>()) {}

DataFile::~DataFile() {
  deflateEnd(stream_.get());
}

Status DataFile::Add(std::string_view lines) {
  return Deflate(lines, Z_NO_FLUSH);
}

Result<FileEntry> DataFile::Finish() {
  ALOFT_TRY(Deflate({}, Z_FINISH));
  ALOFT_TRY(put_->Commit({}));
  entry_.md5 = HexEncode(AsBytes(md5_.Finish()));
  return std::move(entry_);
}

Status DataFile::Deflate(std::string_view bytes, int flush) {
  std::array<std::uint8_t, 64 * 1024> buffer;
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream_->avail_in = static_cast<uInt>(bytes.size());
  do {
    stream_->next_out = buffer.data();
    stream_->avail_out = static_cast<uInt>(buffer.size());
    if (deflate(stream_.get(), flush) == Z_STREAM_ERROR) return Fail(kInternal, "Internal error.", "deflate");
    ByteView made(buffer.data(), buffer.size() - stream_->avail_out);
    if (made.empty()) continue;
    md5_.Update(made);
    entry_.size += made.size();
    ALOFT_TRY(put_->Append(made));
  } while (stream_->avail_out == 0);
  return {};
}

}  // namespace aloft::inventory
