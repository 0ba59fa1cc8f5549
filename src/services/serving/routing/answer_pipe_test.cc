#include "services/serving/routing/answer_pipe.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace aloft::serving {
namespace {

constexpr Reason kBroken{ErrorKind::kUnavailable, "Broken"};

// The worker's end asks `next` before it sends more; the server's end pulls.
class PipeTest : public testing::Test {
 protected:
  void Open(AnswerPipe::Hooks hooks = {}) {
    hooks.begin = [this](Answer head, http::StreamBody body) {
      head_ = std::move(head);
      source_ = std::move(body.source);
    };
    pipe_ = std::make_shared<AnswerPipe>(std::move(hooks));
    Answer head;
    head.content_type = "text/event-stream";
    pipe_->Begin(std::move(head));
  }
  void Send(std::string piece) {
    pipe_->OnChunk(std::move(piece), [this] { ++asked_; });
  }
  void Pull() {
    source_->Next([this](Result<http::BodyPiece> piece) {
      got_.push_back(piece.ok() ? std::get<std::string>(*piece) : std::string(piece.error().reason.name));
    });
  }

  std::shared_ptr<AnswerPipe> pipe_;
  Answer head_;
  std::shared_ptr<http::BodySource> source_;
  std::vector<std::string> got_;
  int asked_ = 0;
};

// One piece lies between worker and caller: more is asked for only when the caller wants more.
TEST_F(PipeTest, SlowCallersSlowTheWorker) {
  Open();
  EXPECT_EQ(head_.content_type, "text/event-stream");
  Send("a");
  EXPECT_EQ(asked_, 0);
  Pull();
  EXPECT_EQ(got_, std::vector<std::string>{"a"});
  EXPECT_EQ(asked_, 0) << "the caller has not asked for more";
  Pull();
  EXPECT_EQ(asked_, 1);
  Send("b");
  Pull();
  pipe_->OnEnd();
  EXPECT_EQ(got_, (std::vector<std::string>{"a", "b", ""}));
}

// The end waits behind the last piece, and is told again to whoever asks again.
TEST_F(PipeTest, EndComesLast) {
  Open();
  Send("a");
  pipe_->OnEnd();
  Pull();
  Pull();
  Pull();
  EXPECT_EQ(got_, (std::vector<std::string>{"a", "", ""}));
}

// What breaks off breaks off at the caller too, or ends with the message that the wire has for it.
TEST_F(PipeTest, Broken) {
  Open();
  Pull();
  pipe_->OnAbort(Fail(kBroken, "gone"));
  EXPECT_EQ(got_, std::vector<std::string>{"Broken"});
  got_.clear();
  Open({.begin = {},
        .frame = [](std::string piece) { return "[" + piece + "]"; },
        .broken = [](const Error&) { return std::string("[!]"); }});
  Send("a");
  pipe_->OnAbort(Fail(kBroken, "gone"));
  Pull();
  Pull();
  Pull();
  EXPECT_EQ(got_, (std::vector<std::string>{"[a]", "[!]", ""}));
}

// A caller who goes away: the worker's connection is told to ask, and finds that nobody wants more.
TEST_F(PipeTest, CallerGoesAway) {
  Open();
  Send("a");
  EXPECT_FALSE(pipe_->Unwanted());
  source_.reset();
  EXPECT_TRUE(pipe_->Unwanted());
  EXPECT_EQ(asked_, 1);
  Send("b");
  EXPECT_EQ(asked_, 2);
  pipe_->OnEnd();
}

// Both ends on threads of their own: every piece arrives once, in order.
TEST_F(PipeTest, TwoThreads) {
  Open();
  std::mutex mutex;
  std::condition_variable changed;
  int may = 1;
  std::thread worker([&] {
    for (int i = 0; i < 2000; ++i) {
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return may > 0; });
        --may;
      }
      pipe_->OnChunk(std::to_string(i), [&] {
        std::lock_guard lock(mutex);
        ++may;
        changed.notify_one();
      });
    }
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return may > 0; });
    }
    pipe_->OnEnd();
  });
  int expected = 0;
  bool ended = false;
  while (!ended) {
    std::optional<std::string> piece;
    source_->Next([&](Result<http::BodyPiece> got) {
      std::lock_guard lock(mutex);
      piece = std::get<std::string>(*got);
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return piece.has_value(); });
    ended = piece->empty();
    if (!ended) {
      ASSERT_EQ(*piece, std::to_string(expected++));
    }
  }
  EXPECT_EQ(expected, 2000);
  worker.join();
}

}  // namespace
}  // namespace aloft::serving
