// A streamed upload: the body comes in pieces on the connection's thread, is decoded, hashed and stored on pool
// threads, and the next piece is asked for when that is done. So memory per upload is bounded, and no thread waits for
// a peer.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/aws/s3_wire/headers.h"
#include "api/common/operation.h"
#include "foundation/os/thread_pool.h"
#include "services/objects/service.h"

namespace aloft::api::s3 {

// What makes the answer, where the exchange is served.
using Render = std::function<Result<http::Response>()>;

// How the bytes are vouched for and where they go. `append` and `commit` run on pool threads, one at a time.
struct Upload {
  std::uint64_t length = 0;  // decoded
  BodyDigests digests;
  std::function<Status(ByteView)> append;
  std::function<Result<http::Response>(const objects::ExpectedDigests&)> commit;
  // Instead of `commit` for a body that came whole: `told` is called once, on any thread; `later` as
  // objects::PutSession has it. Also on a socket's thread.
  std::function<void(const objects::ExpectedDigests&, objects::PutSession::Later later,
                     std::function<void(Render)> told)>
      commit_soon{};
};

// What comes whole is at most so long, with what it is wrapped in; it waits in memory for its signature to be checked.
constexpr std::int64_t kMaxWholeBytes = 64 * 1024;

// Whether the whole body is read before anything is decided about it (Call::body): small ones, which cost less than the
// two hand-overs between threads that streaming takes. Known from the head alone.
bool ComesWhole(const http::RequestHead& head);

// The announced, decoded length of the body; kMissingContentLength, kIncompleteBody.
Result<std::uint64_t> BodyLength(const Call& call);

// Takes the body of `call`, at once where it came whole, and answers through `respond`. On a pool thread, or a socket's
// that may not wait (os::MustNotBlock). The upload's functions are destroyed before the answer.
void Receive(const std::shared_ptr<const Call>& call, os::ThreadPool& pool, Upload upload, Responder respond);

}  // namespace aloft::api::s3
