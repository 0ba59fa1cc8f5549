#include "foundation/http/exchange.h"

#include <utility>

#include "foundation/http/resume.h"

namespace aloft::http {
namespace {

// Collects a body for ReadBody.
class CollectingSink final : public BodySink {
 public:
  explicit CollectingSink(std::function<void(Result<std::string>)> done) : done_(std::move(done)) {}

  void OnChunk(std::string chunk, std::function<void()> next) override {
    if (body_.empty())
      body_ = std::move(chunk);
    else
      body_.append(chunk);
    next();
  }
  void OnEnd() override { done_(std::move(body_)); }
  void OnAbort(Error error) override { done_(std::move(error)); }

 private:
  std::function<void(Result<std::string>)> done_;
  std::string body_;
};

}  // namespace

ServerExchange::~ServerExchange() {
  if (replied_.load(std::memory_order_acquire)) return;
  connection_->BeginReply(serial_,
                          Response{500, {{"Content-Type", "text/plain"}}, std::string("No answer was made\n")});
}

void ServerExchange::ReadBody(std::uint64_t limit, std::function<void(Result<std::string>)> done) {
  connection_->BeginBody(serial_, std::make_shared<CollectingSink>(std::move(done)), limit);
}

void ServerExchange::StreamBody(std::shared_ptr<BodySink> sink) {
  connection_->BeginBody(serial_, std::move(sink), UINT64_MAX);
}

void ServerExchange::Reply(Response response) {
  if (replied_.exchange(true, std::memory_order_acq_rel)) return;
  connection_->BeginReply(serial_, std::move(response));
}

bool ServerExchange::Resume(const std::function<void()>& task) {
  return connection_->RunOnLoop(task);
}

void ServerExchange::OnAbort(std::function<void()> aborted) {
  connection_->WatchAbort(serial_, std::move(aborted));
}

bool Resume(Exchange& exchange, const std::function<void()>& task) {
  if (auto* served = dynamic_cast<ServerExchange*>(&exchange)) return served->Resume(task);
  task();  // nobody serves it: a form's fields, a test's request
  return true;
}

}  // namespace aloft::http
