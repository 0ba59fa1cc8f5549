// An answer that comes piece by piece: from a model worker, through the server, to the caller. A slow caller slows the
// worker's connection, never the memory; a caller who goes away ends it.
//
// Thread-safe. Private to the doors that stream.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "foundation/http/message.h"
#include "services/serving/routing/invocation.h"

namespace aloft::serving {

class AnswerPipe final : public AnswerStream, public std::enable_shared_from_this<AnswerPipe> {
 public:
  struct Hooks {
    // The head of a good answer; its body comes from `body`. At most once.
    std::function<void(Answer head, http::StreamBody body)> begin;
    // How a piece and a stream that broke off look on the wire; empty: as they are, and a cut-off body.
    std::function<std::string(std::string)> frame{};
    std::function<std::string(const Error&)> broken{};
  };
  explicit AnswerPipe(Hooks hooks) : hooks_(std::move(hooks)) {}

  void Begin(Answer head) override;
  bool Unwanted() const override;
  void OnChunk(std::string chunk, std::function<void()> next) override;
  void OnEnd() override;
  void OnAbort(Error error) override;

 private:
  class Source;
  using Done = std::function<void(Result<http::BodyPiece>)>;
  void Next(Done done);
  void Abandon();
  void Finish(Result<http::BodyPiece> last);

  const Hooks hooks_;
  mutable std::mutex mutex_;
  bool abandoned_ = false;
  std::optional<std::string> piece_;             // that nobody has asked for yet
  std::optional<Result<http::BodyPiece>> last_;  // after it: the end, or why there is none
  bool ended_ = false;
  Done waiting_;                // for a piece
  std::function<void()> next_;  // asks the worker's connection for more
};

}  // namespace aloft::serving
