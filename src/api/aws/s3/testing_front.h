// The S3 front over a store in memory, asked as the gateway asks. Test code only.
#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "api/aws/s3/front.h"
#include "api/aws/s3_wire/errors.h"
#include "api/common/authorize.h"
#include "services/objects/testing_stores.h"

namespace aloft::api::s3 {

// A request whose body comes in small pieces, as from a socket.
class PieceExchange final : public http::Exchange {
 public:
  PieceExchange(http::RequestHead head, std::string body) : head_(std::move(head)), body_(std::move(body)) {}
  const http::RequestHead& head() const override { return head_; }
  void ReadBody(std::uint64_t, std::function<void(Result<std::string>)> done) override { done(body_); }
  void StreamBody(std::shared_ptr<http::BodySink> sink) override {
    sink_ = std::move(sink);
    Pump();
  }
  void Reply(http::Response) override {}
  void OnAbort(std::function<void()>) override {}

 private:
  void Pump() {
    if (body_.empty()) return sink_->OnEnd();
    std::string piece = body_.substr(0, 50'000);
    body_.erase(0, piece.size());
    sink_->OnChunk(std::move(piece), [this] { Pump(); });
  }
  http::RequestHead head_;
  std::string body_;
  std::shared_ptr<http::BodySink> sink_;
};

class S3FrontTest : public ::testing::Test {
 protected:
  S3FrontTest() {
    kv::Options options;
    options.engine = kv::Engine::kMemory;
    store_ = std::move(kv::Store::Open(options, Log::Discard())).value();
    objects_ = std::make_unique<objects::Service>(*store_, blobs_, clock_, random_, Log::Discard());
    front_ = std::make_unique<Front>(Dependencies{*objects_, pool_, clock_}, Options{"s3.example.com"});
    Must(Send("PUT", "/data"), 200);
  }
  ~S3FrontTest() override { pool_.Stop(); }

  // The way of a request through the front, as the gateway goes it.
  http::Response Send(std::string method, std::string target, http::Headers headers = {}, std::string body = {},
                      crypto::PayloadClaim payload = {}) {
    auto call = std::make_shared<Call>();
    http::RequestHead head;
    head.method = std::move(method);
    head.target = std::move(target);
    head.headers = std::move(headers);
    head.content_length = static_cast<std::int64_t>(body.size());
    call->request_id = RequestId("request-1");
    call->session.account = account_;
    call->session.kind = identity::PrincipalKind::kUser;
    call->region = Region("eu-central-1");
    call->payload = std::move(payload);
    call->exchange = std::make_shared<PieceExchange>(head, body);
    auto render = [&](const Error& error) { return front_->RenderError(error, head, call->request_id); };
    auto row = front_->Match(head, body);
    if (!row.ok()) return render(row.error());
    if (front_->Claims(head)->body == BodyMode::kBuffered) call->body = std::move(body);
    auto prepared = (*row)->prepare(*call);
    if (!prepared.ok()) return render(prepared.error());
    asked_.clear();
    for (const auto& permission : (*prepared)->permissions()) {
      asked_.insert(permission.action + " " + permission.resource);
      if (auto status = Judge(permission, call->session); !status.ok()) return render(status.error());
    }
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<http::Response> response;
    auto allow = [this](const Permission& permission) {
      return denied_.contains(permission.action) ? Status(Fail(kAccessDenied, "denied")) : Status();
    };
    (*prepared)->Run(call, AuthorizedMaker::Make(allow), [&](Result<http::Response> result) {
      std::lock_guard lock(mutex);
      response = result.ok() ? std::move(*result) : render(result.error());
      answered.notify_all();
    });
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return response.has_value(); });
    return std::move(*response);
  }

  // As the gateway without users' policies: everything within the owner's account, else what the bucket grants.
  static Status Judge(const Permission& permission, const identity::Session& caller) {
    if (permission.facts == nullptr) return {};
    ALOFT_ASSIGN(auto facts, permission.facts->FactsOf(permission, caller));
    if (facts.owner.empty() || facts.owner == caller.account || facts.granted) return {};
    return Fail(kAccessDenied, "denied");
  }

  static std::string Text(const http::BodyPiece& piece) {
    if (const auto* text = std::get_if<std::string>(&piece)) return *text;
    const auto& file = std::get<http::FileBody>(piece);
    std::string bytes(file.length, '\0');
    if (bytes.empty()) return bytes;
    EXPECT_EQ(pread(*file.fd, bytes.data(), bytes.size(), static_cast<off_t>(file.offset)),
              static_cast<ssize_t>(bytes.size()));
    return bytes;
  }
  static std::string Text(const http::Response& response) {
    if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
    auto* stream = std::get_if<http::StreamBody>(&response.body);
    if (stream == nullptr || !stream->source) return {};
    std::string all;
    while (true) {
      std::mutex mutex;
      std::condition_variable ready;
      std::optional<Result<http::BodyPiece>> piece;
      stream->source->Next([&](Result<http::BodyPiece> next) {
        std::lock_guard lock(mutex);
        piece = std::move(next);
        ready.notify_all();
      });
      std::unique_lock lock(mutex);
      ready.wait(lock, [&] { return piece.has_value(); });
      if (!piece->ok()) return Describe(piece->error());
      std::string some = Text(**std::move(piece));
      if (some.empty()) return all;
      all += some;
    }
  }
  static void Must(const http::Response& response, int status) { EXPECT_EQ(response.status, status) << Text(response); }
  // The response is an error of this code and status.
  static void Expect(const http::Response& response, int status, const std::string& code) {
    EXPECT_EQ(response.status, status) << Text(response);
    EXPECT_THAT(Text(response), ::testing::HasSubstr("<Code>" + code + "</Code>"));
  }

  AccountId account_{"111122223333"};
  ManualClock clock_;
  SeededRandom random_{5};
  objects::MemoryBlobs blobs_{clock_};
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<objects::Service> objects_;
  os::ThreadPool pool_{"s3-test", 2, 64};
  std::unique_ptr<Front> front_;
  std::set<std::string> asked_;
  std::set<std::string> denied_;
};

}  // namespace aloft::api::s3
