// A server's connection: reads heads, feeds bodies, writes replies, one exchange at a time. Internal.
//
// Everything runs on the shard's thread but the exchange's own verbs, which hop over to it. Each wait on the socket
// holds the connection by shared_ptr, so that a Close in the middle of a call is safe.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "foundation/http/body_reader.h"
#include "foundation/http/body_writer.h"
#include "foundation/http/parser.h"
#include "foundation/http/shard.h"

namespace aloft::http {

using ConnectionHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>,
                                                        boost::intrusive::tag<struct AllTag>>;
using IdleHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>,
                                                  boost::intrusive::tag<struct IdleTag>>;

class Connection final : public Timer,
                         public ConnectionHook,
                         public IdleHook,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Shard> shard, os::Fd socket, SslPtr ssl, SslContext context, std::string peer);

  void Start();
  // Ends after the running exchange, or now where there is none.
  void Drain();
  void Close();

  // The exchange's verbs; `serial` tells whether it is still the current one. Any thread.
  void BeginBody(std::uint64_t serial, std::shared_ptr<BodySink> sink, std::uint64_t limit);
  void BeginReply(std::uint64_t serial, Response response);
  // False where the loop has ended.
  bool RunOnLoop(const std::function<void()>& task);
  void WatchAbort(std::uint64_t serial, std::function<void()> aborted);

 private:
  enum class Phase { kHandshake, kHead, kExchange, kReply, kDiscard, kLinger, kClosed };

  // connection.cc: life and heads
  void OnTimer() override;
  void OnReadable();
  void OnWritable();
  void ArmRead();
  void ArmWrite();
  void Handshake();
  void AwaitHead();
  void ReadHeads();
  bool TakeHead();
  bool TakeHeadFrom(std::string_view bytes);
  void Dispatch(std::string_view head, std::string_view rest);
  void Refuse(int status, std::string_view why);
  void OnPeerGone();
  void ProbePeer();

  // connection_body.cc: the request's body
  void SinkWants(std::uint64_t serial);
  void PumpBody();
  BodyReader::Got Gather(std::string& piece);
  void FailBody(Error error);
  void DiscardBody();
  void Linger();

  // connection_reply.cc: the reply
  void StartReply(Response response);
  void FrameBody(Response& response);
  void PumpReply();
  void AskSource();
  void LoadFile();
  void OnSource(std::uint64_t serial, Result<BodyPiece> piece);
  void FinishReply();
  void FlushInterim();

  const std::shared_ptr<Shard> shard_;
  Stream stream_;
  std::string peer_;
  std::shared_ptr<const PeerCertificate> certificate_;
  std::shared_ptr<Connection> self_;  // while open
  Phase phase_ = Phase::kHandshake;
  bool read_waiting_ = false;
  bool write_waiting_ = false;
  bool reading_heads_ = false;
  bool pumping_body_ = false;
  bool pumping_reply_ = false;

  Input in_;  // empty while idle
  HeadScanner scanner_;

  // The current exchange.
  std::uint64_t serial_ = 0;
  MonotonicTime started_;
  bool keep_alive_ = true;
  bool peer_gone_ = false;
  bool head_only_ = false;
  bool expects_continue_ = false;
  int minor_version_ = 1;
  BodyReader body_;
  bool framing_lost_ = false;  // nobody knows where the next request begins
  std::shared_ptr<BodySink> sink_;
  std::uint64_t sink_limit_ = 0;
  std::uint64_t sink_taken_ = 0;
  bool sink_wants_ = false;
  std::function<void()> aborted_;

  BodyWriter writer_;
};

}  // namespace aloft::http
