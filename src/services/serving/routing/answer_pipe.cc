#include "services/serving/routing/answer_pipe.h"

namespace aloft::serving {

// The server's end. When the server lets go of it, the caller is served or gone.
class AnswerPipe::Source final : public http::BodySource {
 public:
  explicit Source(std::shared_ptr<AnswerPipe> pipe) : pipe_(std::move(pipe)) {}
  ~Source() override { pipe_->Abandon(); }
  void Next(std::function<void(Result<http::BodyPiece>)> done) override { pipe_->Next(std::move(done)); }

 private:
  const std::shared_ptr<AnswerPipe> pipe_;
};

void AnswerPipe::Begin(Answer head) {
  http::StreamBody body;
  body.source = std::make_shared<Source>(shared_from_this());
  hooks_.begin(std::move(head), std::move(body));
}

bool AnswerPipe::Unwanted() const {
  std::lock_guard lock(mutex_);
  return abandoned_;
}

void AnswerPipe::OnChunk(std::string chunk, std::function<void()> next) {
  if (hooks_.frame) chunk = hooks_.frame(std::move(chunk));
  Done done;
  {
    std::unique_lock lock(mutex_);
    if (abandoned_) {
      lock.unlock();
      return next();  // and the connection sees that nobody wants more
    }
    next_ = std::move(next);
    if (!waiting_) {
      piece_ = std::move(chunk);
      return;
    }
    done = std::exchange(waiting_, nullptr);
  }
  done(http::BodyPiece(std::move(chunk)));
}

void AnswerPipe::Next(Done done) {
  std::function<void()> next;
  std::optional<Result<http::BodyPiece>> now;
  {
    std::lock_guard lock(mutex_);
    if (piece_) {
      now.emplace(http::BodyPiece(std::move(*piece_)));
      piece_.reset();
    } else if (last_) {
      now = std::move(last_);
      last_.emplace(http::BodyPiece(std::string()));
    } else {
      waiting_ = std::move(done);
      next = std::exchange(next_, nullptr);
    }
  }
  if (now) return done(std::move(*now));
  if (next) next();
}

void AnswerPipe::Finish(Result<http::BodyPiece> last) {
  Done done;
  {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    next_ = nullptr;
    if (!waiting_) {
      last_.emplace(std::move(last));
      return;
    }
    done = std::exchange(waiting_, nullptr);
    last_.emplace(http::BodyPiece(std::string()));
  }
  done(std::move(last));
}

void AnswerPipe::OnEnd() {
  Finish(http::BodyPiece(std::string()));
}

void AnswerPipe::OnAbort(Error error) {
  if (!hooks_.broken) return Finish(std::move(error));
  Finish(http::BodyPiece(hooks_.broken(error)));
}

void AnswerPipe::Abandon() {
  std::function<void()> next;
  {
    std::lock_guard lock(mutex_);
    abandoned_ = true;
    waiting_ = nullptr;
    piece_.reset();
    next = std::exchange(next_, nullptr);
  }
  if (next) next();  // the connection that waits for us learns that nobody wants more
}

}  // namespace aloft::serving
