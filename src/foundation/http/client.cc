#include "foundation/http/client.h"

#include <atomic>
#include <future>
#include <utility>

#include "foundation/http/client_pool.h"
#include "foundation/http/loop_group.h"
#include "foundation/os/must_not_block.h"

namespace aloft::http {
namespace {

class PooledClient final : public Client {
 public:
  PooledClient(const ClientOptions& options, const std::shared_ptr<ClientTls>& tls)
      : tls_(tls), threads_(LoopGroup::Of(options.io_threads, options.threads, "http-client")) {
    for (const auto& loop : threads_->loops())
      pools_.push_back(std::make_shared<ClientPool>(options, tls, loop, threads_->loops().size()));
  }

  ~PooledClient() override {
    for (const auto& pool : pools_) {
      std::promise<void> cancelled;
      if (pool->loop().Post([&] {
            pool->CancelAll();
            cancelled.set_value();
          }))
        cancelled.get_future().wait();
    }
  }

  void Send(const Destination& destination, ClientRequest request, std::function<void(Result<ClientResponse>)> done,
            std::shared_ptr<BodySink> sink) override {
    auto job = std::make_shared<Job>();
    job->destination = destination;
    job->request = std::move(request);
    job->done = std::move(done);
    job->sink = std::move(sink);
    if (destination.tls) {
      // Here rather than on a socket's thread: the first time, it may read files.
      if (auto context = tls_->Context(); !context.ok()) return job->Finish(std::move(context).error());
    }
    const auto& pool = ChoosePool();
    // Posted even from the pool's own thread: a caller that holds a lock must not meet its callback inside Send.
    if (!pool->loop().Post([pool, job] { pool->Submit(job); })) job->Finish(Fail(kCancelled, "The client is stopping"));
  }

 private:
  const std::shared_ptr<ClientPool>& ChoosePool() {
    for (const auto& pool : pools_) {
      if (pool->loop().InThread()) return pool;  // no other thread needs to wake up
    }
    return pools_[turn_.fetch_add(1, std::memory_order_relaxed) % pools_.size()];
  }

  const std::shared_ptr<ClientTls> tls_;
  const std::shared_ptr<LoopGroup> threads_;
  std::vector<std::shared_ptr<ClientPool>> pools_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace

Result<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  ALOFT_ASSIGN(std::shared_ptr<ClientTls> tls, ClientTls::Create(options.ca_pem, options.identity));
  return std::unique_ptr<Client>(std::make_unique<PooledClient>(options, tls));
}

Result<ClientResponse> Client::Call(const Destination& destination, ClientRequest request,
                                    std::shared_ptr<BodySink> sink) {
  ALOFT_TRY(os::MayBlock());
  auto answer = std::make_shared<std::promise<Result<ClientResponse>>>();
  auto future = answer->get_future();
  Send(
      destination, std::move(request),
      [answer](Result<ClientResponse> response) { answer->set_value(std::move(response)); }, std::move(sink));
  return future.get();
}

}  // namespace aloft::http
