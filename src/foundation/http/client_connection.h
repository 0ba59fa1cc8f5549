// A client's connection: connects, then carries one request at a time. Internal.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/http/body_reader.h"
#include "foundation/http/body_writer.h"
#include "foundation/http/client_pool.h"
#include "foundation/http/parser.h"

namespace aloft::http {

// A socket address of any family.
struct Endpoint {
  int family = 0;
  std::string bytes;  // of the sockaddr
};

class ClientConnection final : public Timer, public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(std::shared_ptr<ClientPool> pool, Destination destination);

  const Destination& destination() const { return destination_; }
  // Connects, then runs the job.
  void Open(std::shared_ptr<Job> job);
  // An open, idle connection takes another job.
  void Run(std::shared_ptr<Job> job);
  // Waits in the pool, watched for the server's end.
  void Rest();
  // Ends what runs with this error.
  void Cancel(Error error);

 private:
  enum class Phase { kConnecting, kHandshake, kIdle, kHead, kBody, kClosed };

  // client_connect.cc: from a name to an open stream
  void Resolve();
  void ConnectNext(std::string why);
  void FinishConnect();
  void Handshake();

  // client_connection.cc: one request
  void OnTimer() override;
  void OnReadable();
  void OnWritable();
  void ArmRead();
  void ArmWrite();
  void Progress();
  void StartRequest();
  void PumpRequest();
  void AskSource();
  void ReadHead();
  bool TakeHead(std::string_view bytes);
  bool BeginBody();
  void PumpBody();
  void SinkWants(std::uint64_t serial);
  void Deliver(std::string piece);
  void Complete();
  void Broken(Error error);
  bool MayRetry() const;
  void Close();

  const std::shared_ptr<ClientPool> pool_;
  const Destination destination_;
  std::optional<Stream> stream_;
  std::vector<Endpoint> endpoints_;
  std::size_t next_endpoint_ = 0;
  MonotonicTime connect_deadline_;
  Phase phase_ = Phase::kConnecting;
  bool again_ = false;  // the listener's queue was full: the timer connects again
  bool read_waiting_ = false;
  bool write_waiting_ = false;
  bool pumping_request_ = false;
  bool pumping_body_ = false;

  std::shared_ptr<Job> job_;
  std::uint64_t serial_ = 0;
  bool reused_ = false;
  BodyWriter writer_;
  Body held_body_;        // waits for 100 Continue
  bool holding_ = false;  // held_body_ counts
  bool written_ = false;  // the whole request
  Input in_;
  HeadScanner scanner_;
  bool response_began_ = false;
  ParsedResponse response_;
  BodyReader body_;
  std::string collected_;
  std::shared_ptr<BodySink> sink_;  // of the current response
  bool sink_wants_ = true;
};

}  // namespace aloft::http
