#include "api/aws/s3/upload.h"

#include <charconv>
#include <mutex>
#include <optional>
#include <utility>

#include "api/aws/s3_wire/aws_chunked.h"
#include "api/aws/s3_wire/errors.h"
#include "foundation/http/resume.h"

namespace aloft::api::s3 {
namespace {

using Kind = crypto::PayloadClaim::Kind;

// Pieces are gathered to this size before a pool thread takes them: small uploads cost one hand-over.
constexpr std::size_t kGather = 128 * 1024;

bool IsChunked(const crypto::PayloadClaim& claim) {
  return claim.kind != Kind::kUnsigned && claim.kind != Kind::kSha256;
}

class UploadSink final : public http::BodySink, public std::enable_shared_from_this<UploadSink> {
 public:
  UploadSink(const std::shared_ptr<const Call>& call, os::ThreadPool& pool, Upload upload, Responder respond)
      : exchange_(call->exchange),
        pool_(pool),
        upload_(std::move(upload)),
        respond_(std::move(respond)),
        claim_(call->payload),
        audit_(call->audit) {
    if (IsChunked(claim_)) decoder_.emplace(claim_, upload_.length);
    if (claim_.kind == Kind::kSha256 && !claim_.verified) payload_.emplace(crypto::Digest::kSha256);
  }

  // The thread that should have told of the commit has ended.
  ~UploadSink() override {
    if (render_) AnswerCommitted();
  }

  // All of it, on this thread.
  void TakeWhole(std::string_view body) {
    Status taken = Take(body);
    if (!upload_.commit_soon) return Answer(taken.ok() ? Finish() : std::move(taken).error());
    if (taken.ok()) taken = Verify();
    if (!taken.ok()) return Answer(std::move(taken).error());
    const auto later = [&pool = pool_, audit = audit_](std::function<void()> work) {
      return pool.TryContinue([audit, work = std::move(work)] {
        audit::Scope scope(audit);
        work();
      });
    };
    upload_.commit_soon(upload_.digests.expected, later, [self = shared_from_this()](Render render) {
      self->render_ = std::move(render);
      const auto exchange = self->exchange_.lock();
      if (exchange == nullptr || !http::Resume(*exchange, [self] { self->AnswerCommitted(); })) self->AnswerCommitted();
    });
  }

  void OnChunk(std::string chunk, std::function<void()> next) override {
    if (pending_.empty())
      pending_ = std::move(chunk);
    else
      pending_ += chunk;
    if (pending_.size() < kGather) return next();
    Submit([self = shared_from_this(), next = std::move(next)] {
      auto taken = self->TakePending();
      self->Settle([&] { taken.ok() ? next() : self->Answer(std::move(taken).error()); });
    });
  }

  void OnEnd() override {
    Submit([self = shared_from_this()] {
      audit::Scope scope(self->audit_);
      auto response = self->Finish();
      self->Settle([&] { self->Answer(std::move(response)); });
    });
  }

  // May come while a pool thread works on a piece: then that thread answers.
  void OnAbort(Error error) override {
    {
      std::lock_guard lock(mutex_);
      if (working_) {
        aborted_ = std::move(error);
        return;
      }
    }
    Answer(std::move(error));
  }

 private:
  Status TakePending() {
    const std::string bytes = std::move(pending_);
    pending_.clear();
    return Take(bytes);
  }

  // Decodes, hashes and stores.
  Status Take(std::string_view bytes) {
    if (payload_) payload_->Update(bytes);
    if (decoder_) return decoder_->Feed(bytes, [this](ByteView piece) { return Store(piece); });
    return Store(AsBytes(bytes));
  }

  Status Store(ByteView bytes) {
    received_ += bytes.size();
    return upload_.append(bytes);
  }

  Result<http::Response> Finish() {
    if (!pending_.empty()) ALOFT_TRY(TakePending());
    ALOFT_TRY(Verify());
    return upload_.commit(upload_.digests.expected);
  }

  // That what came is what was announced.
  Status Verify() {
    if (decoder_) ALOFT_TRY(decoder_->Finish());
    if (received_ != upload_.length)
      return Fail(kIncompleteBody,
                  "You did not provide the number of bytes specified by the Content-Length HTTP header");
    if (payload_ && !ConstantTimeEqual(HexEncode(AsBytes(payload_->Finish())), ToLower(claim_.sha256_hex)))
      return Fail(crypto::kPayloadMismatch,
                  "The provided 'x-amz-content-sha256' header does not match what was computed.");
    auto& digests = upload_.digests;
    // Who sends a checksum wants it checked.
    if (decoder_)
      for (const auto& [name, value] : decoder_->trailers().fields())
        if (name.starts_with("x-amz-checksum-") && name != digests.trailer)
          return Fail(kInvalidRequest, "The trailer " + name + " is not announced by x-amz-trailer.");
    if (!digests.trailer.empty()) {
      std::string_view value = decoder_ ? decoder_->trailers().Get(digests.trailer) : std::string_view();
      if (value.empty()) return Fail(kIncompleteBody, "The trailer that x-amz-trailer announces is missing.");
      ALOFT_TRY(CheckChecksumText(digests.trailer, digests.algorithm, value));
      digests.expected.checksum = value;
    }
    return {};
  }

  void AnswerCommitted() {
    const Render render = std::exchange(render_, nullptr);
    Answer(render());
  }

  void Submit(std::function<void()> work) {
    {
      std::lock_guard lock(mutex_);
      working_ = true;
    }
    // What came is stored already, or about to be: what comes next is not new work.
    if (pool_.TryContinue(std::move(work))) return;
    Settle([this] { Answer(Fail(kUnavailable, "Please reduce your request rate.")); });
  }

  // The end of a piece of work: what comes next, unless the peer went away meanwhile.
  template <class Next>
  void Settle(const Next& next) {
    std::optional<Error> aborted;
    {
      std::lock_guard lock(mutex_);
      working_ = false;
      aborted.swap(aborted_);
    }
    if (aborted)
      Answer(std::move(*aborted));
    else
      next();
  }

  void Answer(Result<http::Response> result) {
    upload_ = {};
    auto respond = std::move(respond_);
    respond_ = nullptr;
    if (respond) respond(std::move(result));
  }

  const std::weak_ptr<http::Exchange> exchange_;  // which may own what this is part of
  os::ThreadPool& pool_;
  Upload upload_;
  Render render_;
  Responder respond_;
  crypto::PayloadClaim claim_;
  const std::shared_ptr<audit::Entry> audit_;  // commits with the object
  std::optional<AwsChunkedDecoder> decoder_;
  std::optional<crypto::Hash> payload_;
  std::string pending_;
  std::uint64_t received_ = 0;

  std::mutex mutex_;
  bool working_ = false;
  std::optional<Error> aborted_;
};

std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

bool ComesWhole(const http::RequestHead& head) {
  if (head.content_length >= 0) return head.content_length <= kMaxWholeBytes;
  // SDKs that send a checksum behind the body tell HTTP no length, and S3 that of what is wrapped.
  auto wrapped = Number(head.headers.Get("x-amz-decoded-content-length"));
  return wrapped && *wrapped <= std::uint64_t{kMaxWholeBytes / 2};
}

Result<std::uint64_t> BodyLength(const Call& call) {
  const auto& head = call.head();
  if (IsChunked(call.payload)) {
    auto length = Number(head.headers.Get("x-amz-decoded-content-length"));
    if (!length) return Fail(kMissingContentLength, "You must provide the x-amz-decoded-content-length HTTP header.");
    return *length;
  }
  if (head.content_length < 0) return Fail(kMissingContentLength, "You must provide the Content-Length HTTP header.");
  return static_cast<std::uint64_t>(head.content_length);
}

void Receive(const std::shared_ptr<const Call>& call, os::ThreadPool& pool, Upload upload, Responder respond) {
  auto sink = std::make_shared<UploadSink>(call, pool, std::move(upload), std::move(respond));
  if (ComesWhole(call->head())) return sink->TakeWhole(call->body);
  call->exchange->StreamBody(sink);
}

}  // namespace aloft::api::s3
