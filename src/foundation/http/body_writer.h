// Puts a head and a body of any kind on a stream; shared by server and client. Internal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "foundation/http/message.h"
#include "foundation/http/stream.h"

namespace aloft::http {

class BodyWriter {
 public:
  enum class Step {
    kDone,        // everything is written
    kWantRead,    // wait until the stream is readable, then Pump again
    kWantWrite,   // wait until the stream is writable, then Pump again
    kAskSource,   // call source()->Next, then Feed, then Pump again
    kWaitSource,  // that answer has not come yet
    kLoadFile,    // the file's next bytes are not in memory: run LoadFile elsewhere, then FileLoaded, then Pump again
    kFailed,      // the connection is broken, or the body is not what was promised
  };

  // Where the head goes, before Start or while nothing else is being written.
  std::string& head() { return head_; }
  // `chunked` counts only for a StreamBody. False where the body cannot be what it says it is.
  [[nodiscard]] bool Start(Body body, bool chunked);
  // Forgets the body; the head stays.
  void DropBody();

  // `sent` grows by the bytes written.
  Step Pump(Stream& stream, Loop& loop, std::uint64_t& sent);

  // After kAskSource.
  const std::shared_ptr<BodySource>& source() const { return source_; }
  void Feed(Result<BodyPiece> piece);
  bool waits_for_source() const { return asked_; }
  // What the source failed with, if that is why Pump failed.
  const std::string& failure() const { return failure_; }

  // After kLoadFile: what to bring into memory.
  FileBody cold_file() const;
  // Reads the range, so that the page cache has it. Blocks; any thread.
  static void LoadFile(const FileBody& range);
  void FileLoaded();

  // Gives memory back that an idle connection should not hold.
  void Shrink();

 private:
  Stream::Moved WriteSome(Stream& stream);
  Stream::Moved SendFileSome(Stream& stream, Loop& loop);

  // In this order: head_, text_, the file, the source's next piece.
  std::string head_;
  std::size_t head_at_ = 0;
  std::string text_;
  std::size_t text_at_ = 0;
  FileBody file_;
  std::uint64_t file_warm_until_ = 0;  // up to this offset it is not asked again
  std::shared_ptr<BodySource> source_;
  std::int64_t source_left_ = -1;
  bool chunked_ = false;
  bool began_ = false;
  bool asked_ = false;
  bool failed_ = false;
  std::string failure_;
};

}  // namespace aloft::http
