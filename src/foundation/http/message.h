// Requests and responses as values: what a connection has parsed, and what a handler answers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/result.h"

namespace aloft::http {

// Header fields in the order they came. Names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void Reserve(std::size_t fields) { fields_.reserve(fields); }
  void Add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  // Replaces every field of that name.
  void Set(std::string_view name, std::string value);
  void Remove(std::string_view name);

  // The first field of that name, or empty.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

struct RequestHead {
  std::string method{};            // "GET"
  std::string target{};            // as sent: "/a%20b?x=1"
  std::string_view path() const;   // of target, before '?', still encoded
  std::string_view query() const;  // of target, after '?', still encoded; empty where there is none
  Headers headers{};
  std::string peer_address{};  // "127.0.0.1", without port; empty on a Unix socket
  bool tls = false;
  // Bytes that Content-Length announces; -1 where the body is chunked.
  std::int64_t content_length = 0;
};

// Bytes of an open file, sent by the kernel where the connection is plain.
struct FileBody {
  std::shared_ptr<const int> fd{};  // closes when the last owner goes
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Some bytes of a streamed body, in memory or in a file.
using BodyPiece = std::variant<std::string, FileBody>;

// A body made piece by piece. Next() is called once at a time, and again only after its callback; the callback may come
// from any thread. An empty piece ends the body. An error ends the connection, so that the peer sees a truncated body.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual void Next(std::function<void(Result<BodyPiece>)> done) = 0;
};

struct StreamBody {
  std::shared_ptr<BodySource> source{};
  std::int64_t length = -1;  // -1: chunked
};

// Where the request is a HEAD, the body is measured and not sent: a StreamBody of known length then needs no source.
using Body = std::variant<std::string, FileBody, StreamBody>;

struct Response {
  int status = 200;
  Headers headers{};  // Content-Length, Transfer-Encoding, Connection and Date are the connection's own
  Body body{};
};

// Takes a request's body piece by piece: back-pressure is `next`, which asks for the following piece and may be called
// from any thread. After OnEnd or OnAbort nothing more comes; a Reply before the end drops the sink without a call.
// Pieces are at most 256 KiB.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual void OnChunk(std::string chunk, std::function<void()> next) = 0;
  virtual void OnEnd() = 0;
  // The peer went away, was too slow, or sent bytes that are no body (errors.h).
  virtual void OnAbort(Error error) = 0;
};

}  // namespace aloft::http
