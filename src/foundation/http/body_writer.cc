#include "foundation/http/body_writer.h"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "foundation/http/encode.h"

namespace aloft::http {
namespace {

// A fast peer must not keep the thread from the other connections.
constexpr std::uint64_t kTurn = 4u << 20;
// Of a cold file, so much is read before the peer gets the first byte of it.
constexpr std::uint64_t kWindow = 1u << 20;

// A look, not a promise: where the first and the last page of a range are in memory, the middle mostly is. File systems
// that cannot tell count as warm.
bool IsWarm(int fd, std::uint64_t offset, std::uint64_t size) {
  char byte;
  const iovec part{&byte, 1};
  for (const std::uint64_t at : {offset, offset + size - 1}) {
    if (::preadv2(fd, &part, 1, static_cast<off_t>(at), RWF_NOWAIT) < 0 && errno == EAGAIN) return false;
  }
  return true;
}

}  // namespace

bool BodyWriter::Start(Body body, bool chunked) {
  DropBody();
  if (auto* text = std::get_if<std::string>(&body)) {
    text_ = std::move(*text);
  } else if (auto* file = std::get_if<FileBody>(&body)) {
    if (file->length > 0 && !file->fd) return false;
    file_ = std::move(*file);
  } else if (auto* stream = std::get_if<StreamBody>(&body)) {
    if (!stream->source && stream->length != 0) return false;
    source_ = std::move(stream->source);
    source_left_ = stream->length;
    chunked_ = chunked;
  }
  return true;
}

void BodyWriter::DropBody() {
  std::string().swap(text_);
  text_at_ = 0;
  file_ = {};
  file_warm_until_ = 0;
  source_.reset();
  source_left_ = -1;
  chunked_ = began_ = asked_ = failed_ = false;
  failure_.clear();
}

BodyWriter::Step BodyWriter::Pump(Stream& stream, Loop& loop, std::uint64_t& sent) {
  std::uint64_t turn = 0;
  for (;;) {
    Stream::Moved moved{Stream::Io::kDone};
    if (failed_) return Step::kFailed;
    if (head_at_ < head_.size() || text_at_ < text_.size()) {
      moved = WriteSome(stream);
    } else if (file_.length > 0) {
      if (file_.offset >= file_warm_until_) {
        const std::uint64_t window = std::min(file_.length, kWindow);
        if (!IsWarm(*file_.fd, file_.offset, window)) return Step::kLoadFile;
        file_warm_until_ = file_.offset + window;
      }
      moved = SendFileSome(stream, loop);
    } else if (source_) {
      return std::exchange(asked_, true) ? Step::kWaitSource : Step::kAskSource;
    } else {
      return Step::kDone;
    }
    if (moved.io == Stream::Io::kWantRead) return Step::kWantRead;
    if (moved.io == Stream::Io::kWantWrite) return Step::kWantWrite;
    if (moved.io != Stream::Io::kDone) return Step::kFailed;
    sent += moved.size;
    turn += moved.size;
    if (turn >= kTurn) return Step::kWantWrite;
  }
}

Stream::Moved BodyWriter::WriteSome(Stream& stream) {
  iovec parts[2];
  std::size_t count = 0;
  if (head_at_ < head_.size()) parts[count++] = {head_.data() + head_at_, head_.size() - head_at_};
  if (text_at_ < text_.size()) parts[count++] = {text_.data() + text_at_, text_.size() - text_at_};
  const Stream::Moved moved = stream.Write({parts, count}, file_.length > 0);
  if (moved.io != Stream::Io::kDone) return moved;
  const std::size_t of_head = std::min(moved.size, head_.size() - head_at_);
  head_at_ += of_head;
  text_at_ += moved.size - of_head;
  if (head_at_ == head_.size()) {
    head_.clear();
    head_at_ = 0;
  }
  if (text_at_ == text_.size()) {
    std::string().swap(text_);
    text_at_ = 0;
  }
  return moved;
}

Stream::Moved BodyWriter::SendFileSome(Stream& stream, Loop& loop) {
  Stream::Moved moved;
  const std::uint64_t warm = file_warm_until_ - file_.offset;
  if (!stream.tls()) {
    moved = stream.SendFile(*file_.fd, file_.offset, std::min(file_.length, warm));
    if (moved.io != Stream::Io::kDone) return moved;
    file_.offset += moved.size;
    file_.length -= moved.size;
  } else {
    // Through memory: a piece is read into text_, which the next round writes.
    const std::span<char> scratch = loop.scratch();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>({file_.length, warm, scratch.size()}));
    const ssize_t got = ::pread(*file_.fd, scratch.data(), size, static_cast<off_t>(file_.offset));
    if (got <= 0) return {Stream::Io::kFailed};
    text_.assign(scratch.data(), static_cast<std::size_t>(got));
    file_.offset += static_cast<std::uint64_t>(got);
    file_.length -= static_cast<std::uint64_t>(got);
    moved = {Stream::Io::kDone, 0};
  }
  if (file_.length == 0) file_.fd.reset();
  return moved;
}

void BodyWriter::Feed(Result<BodyPiece> piece) {
  asked_ = false;
  if (!piece.ok()) {
    failed_ = true;
    failure_ = Describe(piece.error());
    return;
  }
  auto* text = std::get_if<std::string>(&*piece);
  const std::uint64_t size = text != nullptr ? text->size() : std::get<FileBody>(*piece).length;
  if (size == 0) {
    if (source_left_ > 0) {
      failed_ = true;
      failure_ = "the body ended before its length";
    }
    if (chunked_) head_.append(began_ ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
    source_.reset();
    return;
  }
  if (source_left_ >= 0) {
    if (size > static_cast<std::uint64_t>(source_left_)) {
      failed_ = true;
      failure_ = "the body is longer than its length";
      return;
    }
    source_left_ -= static_cast<std::int64_t>(size);
  }
  if (chunked_) {
    if (began_) head_.append("\r\n");
    AppendChunkSize(size, head_);
  }
  began_ = true;
  if (text != nullptr) {
    text_ = std::move(*text);
    text_at_ = 0;
  } else {
    file_ = std::get<FileBody>(*std::move(piece));
    file_warm_until_ = 0;
  }
}

FileBody BodyWriter::cold_file() const {
  return {file_.fd, file_.offset, std::min(file_.length, kWindow)};
}

void BodyWriter::LoadFile(const FileBody& range) {
  std::string piece(64 * 1024, '\0');
  for (std::uint64_t done = 0; done < range.length;) {
    const ssize_t got = ::pread(*range.fd, piece.data(), piece.size(), static_cast<off_t>(range.offset + done));
    if (got <= 0) return;  // whoever sends it will meet the same end
    done += static_cast<std::uint64_t>(got);
  }
}

void BodyWriter::FileLoaded() {
  // Even if the pages are gone again already: it goes on, at worst it waits for the disk once.
  file_warm_until_ = file_.offset + std::min(file_.length, kWindow);
}

void BodyWriter::Shrink() {
  if (head_.capacity() > 1024 && head_.empty()) std::string().swap(head_);
}

}  // namespace aloft::http
