#include "api/aws/s3/object_body.h"

#include <algorithm>

namespace aloft::api::s3 {
namespace {

constexpr std::size_t kMemoryBody = 64 * 1024;  // up to here a body is read before it is sent
constexpr std::size_t kPiece = 256 * 1024;

// Some files are sent by the kernel one after the other; what lies in none, or is not stored as it is read, is read on
// the pool piece by piece.
class ObjectBody final : public http::BodySource, public std::enable_shared_from_this<ObjectBody> {
 public:
  ObjectBody(os::ThreadPool& pool, std::shared_ptr<objects::ObjectReader> reader, ByteRange range)
      : pool_(pool), reader_(std::move(reader)), range_(range) {}

  void Next(std::function<void(Result<http::BodyPiece>)> done) override {
    auto shared_done = std::make_shared<std::function<void(Result<http::BodyPiece>)>>(std::move(done));
    bool queued = pool_.TryContinue([self = shared_from_this(), shared_done] { (*shared_done)(self->Read()); });
    if (!queued) (*shared_done)(Fail(kUnavailable, "Please reduce your request rate."));
  }

 private:
  Result<http::BodyPiece> Read() {
    ALOFT_ASSIGN(auto extent, reader_->Extent(range_.offset, range_.length));
    if (extent) return http::FileBody{std::move(extent->fd), extent->offset, Take(extent->length)};
    std::string piece(std::min<std::uint64_t>(kPiece, range_.length), '\0');
    if (piece.empty()) return piece;
    ALOFT_ASSIGN(std::size_t count,
                 reader_->Read(range_.offset, {reinterpret_cast<std::uint8_t*>(piece.data()), piece.size()}));
    if (count == 0) return Fail(kCorrupt, "The object's bytes end early");
    piece.resize(Take(count));
    return piece;
  }

  // The next bytes of the range are on their way.
  std::uint64_t Take(std::uint64_t count) {
    range_.offset += count;
    range_.length -= count;
    return count;
  }

  os::ThreadPool& pool_;
  std::shared_ptr<objects::ObjectReader> reader_;
  ByteRange range_;
};

}  // namespace

Result<http::Body> MakeBody(os::ThreadPool& pool, std::unique_ptr<objects::ObjectReader> reader, ByteRange range) {
  if (range.length == 0) return http::Body(std::string());
  if (range.length <= kMemoryBody) {
    std::string body(range.length, '\0');
    ALOFT_ASSIGN(std::size_t count,
                 reader->Read(range.offset, {reinterpret_cast<std::uint8_t*>(body.data()), body.size()}));
    if (count != body.size()) return Fail(kCorrupt, "The object's bytes end early");
    return http::Body(std::move(body));
  }
  ALOFT_ASSIGN(auto extent, reader->Extent(range.offset, range.length));
  if (extent && extent->length == range.length)
    return http::Body(http::FileBody{std::move(extent->fd), extent->offset, extent->length});
  auto source = std::make_shared<ObjectBody>(pool, std::shared_ptr<objects::ObjectReader>(std::move(reader)), range);
  return http::Body(http::StreamBody{std::move(source), static_cast<std::int64_t>(range.length)});
}

}  // namespace aloft::api::s3
