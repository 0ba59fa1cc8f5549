// The Exchange that a server's connection hands to the handler. Internal.
#pragma once

#include <atomic>
#include <memory>

#include "foundation/http/connection.h"
#include "foundation/http/server.h"

namespace aloft::http {

class ServerExchange final : public Exchange {
 public:
  ServerExchange(std::shared_ptr<Connection> connection, std::uint64_t serial, RequestHead head,
                 std::shared_ptr<const PeerCertificate> peer)
      : connection_(std::move(connection)), serial_(serial), head_(std::move(head)), peer_(std::move(peer)) {}
  ~ServerExchange() override;

  const RequestHead& head() const override { return head_; }
  const PeerCertificate* peer() const override { return peer_.get(); }
  void ReadBody(std::uint64_t limit, std::function<void(Result<std::string>)> done) override;
  void StreamBody(std::shared_ptr<BodySink> sink) override;
  void Reply(Response response) override;
  bool Resume(const std::function<void()>& task);
  void OnAbort(std::function<void()> aborted) override;

 private:
  const std::shared_ptr<Connection> connection_;
  const std::uint64_t serial_;
  const RequestHead head_;
  const std::shared_ptr<const PeerCertificate> peer_;
  std::atomic<bool> replied_{false};
};

}  // namespace aloft::http
