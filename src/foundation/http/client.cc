#include "foundation/http/client.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <utility>

#include "foundation/http/client_pool.h"

namespace aloft::http {
namespace {

class PooledClient final : public Client {
 public:
  PooledClient(const ClientOptions& options, const SslContext& tls) {
    for (int i = 0; i < std::max(options.threads, 1); ++i)
      pools_.push_back(std::make_shared<ClientPool>(options, tls, "http-client-" + std::to_string(i)));
  }

  ~PooledClient() override {
    for (const auto& pool : pools_) {
      std::promise<void> cancelled;
      if (pool->loop().Post([&] {
            pool->CancelAll();
            cancelled.set_value();
          }))
        cancelled.get_future().wait();
      pool->loop().Close();
    }
  }

  void Send(const Destination& destination, ClientRequest request, std::function<void(Result<ClientResponse>)> done,
            std::shared_ptr<BodySink> sink) override {
    auto job = std::make_shared<Job>();
    job->destination = destination;
    job->request = std::move(request);
    job->done = std::move(done);
    job->sink = std::move(sink);
    const auto& pool = pools_[turn_.fetch_add(1, std::memory_order_relaxed) % pools_.size()];
    // Posted even from the pool's own thread: a caller that holds a lock must not meet its callback inside Send.
    if (!pool->loop().Post([pool, job] { pool->Submit(job); })) job->Finish(Fail(kCancelled, "The client is stopping"));
  }

 private:
  std::vector<std::shared_ptr<ClientPool>> pools_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace

Result<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  ALOFT_ASSIGN(SslContext tls, MakeClientContext(options.ca_pem));
  return std::unique_ptr<Client>(std::make_unique<PooledClient>(options, tls));
}

Result<ClientResponse> Client::Call(const Destination& destination, ClientRequest request,
                                    std::shared_ptr<BodySink> sink) {
  auto answer = std::make_shared<std::promise<Result<ClientResponse>>>();
  auto future = answer->get_future();
  Send(
      destination, std::move(request),
      [answer](Result<ClientResponse> response) { answer->set_value(std::move(response)); }, std::move(sink));
  return future.get();
}

}  // namespace aloft::http
