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

#include "foundation/http/chunked.h"
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
  static constexpr std::size_t kPiece = 256 * 1024;  // of a body, at most

  Connection(std::shared_ptr<Shard> shard, os::Fd socket, SslPtr ssl, SslContext context, std::string peer);

  void Start();
  // Ends after the running exchange, or now where there is none.
  void Drain();
  void Close();

  // The exchange's verbs; `serial` tells whether it is still the current one. Any thread.
  void BeginBody(std::uint64_t serial, std::shared_ptr<BodySink> sink, std::uint64_t limit);
  void BeginReply(std::uint64_t serial, Response response);
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
  // Absent: more may come. An error ends the body.
  std::optional<Error> GatherPiece(std::string& piece);
  std::size_t DecodeBody(std::string_view bytes, std::string& piece);
  void FailBody(Error error);
  bool BodyDone() const { return decoder_ ? decoder_->done() : body_left_ == 0; }
  void DiscardBody();
  void Linger();

  // connection_reply.cc: the reply
  void StartReply(Response response);
  void FrameBody(Response& response, bool keep_alive);
  void PumpReply();
  Stream::Moved WriteSome();
  Stream::Moved SendFileSome();
  void AskSource();
  void OnSource(std::uint64_t serial, Result<std::string> chunk);
  void FinishReply();
  void FlushInterim();

  const std::shared_ptr<Shard> shard_;
  Stream stream_;
  std::string peer_;
  std::shared_ptr<Connection> self_;  // while open
  Phase phase_ = Phase::kHandshake;
  bool read_waiting_ = false;
  bool write_waiting_ = false;
  bool may_read_ = true;  // the socket may hold bytes; false after a read that emptied it
  bool reading_heads_ = false;
  bool pumping_body_ = false;
  bool pumping_reply_ = false;

  // Bytes read and not yet used; empty while idle.
  std::string in_;
  HeadScanner scanner_;

  // The current exchange.
  std::uint64_t serial_ = 0;
  MonotonicTime started_;
  bool keep_alive_ = true;
  bool peer_gone_ = false;
  bool head_only_ = false;
  bool expects_continue_ = false;
  int minor_version_ = 1;
  std::int64_t body_left_ = 0;
  std::unique_ptr<ChunkedDecoder> decoder_;  // where the body is chunked
  std::shared_ptr<BodySink> sink_;
  std::uint64_t sink_limit_ = 0;
  std::uint64_t sink_taken_ = 0;
  bool sink_wants_ = false;
  std::function<void()> aborted_;

  // Its reply: out_, then text_, then the file or the source's next chunk.
  std::string out_;
  std::size_t out_at_ = 0;
  std::string text_;
  std::size_t text_at_ = 0;
  FileBody file_;
  std::shared_ptr<BodySource> source_;
  std::int64_t source_left_ = -1;
  bool source_asked_ = false;
  bool source_began_ = false;
};

}  // namespace aloft::http
