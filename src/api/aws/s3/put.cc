// PutObject and UploadPart: the operations whose body streams.
#include "api/aws/s3/headers.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3/upload.h"

namespace aloft::api::s3 {
namespace {

void AddDigest(http::Headers& headers, const objects::ObjectInfo& made) {
  AddChecksum(headers, made.checksum);
}

// A part's answer names no type: only a whole object has one.
void AddDigest(http::Headers& headers, const objects::Part& made) {
  if (made.checksum.algorithm != objects::ChecksumAlgorithm::kNone)
    headers.Add(ChecksumHeader(made.checksum.algorithm), made.checksum.value);
}

// Streams the call's body into a session of an object or a part, and answers with the digests of what was committed.
template <class Session>
void ReceiveInto(const Context& context, const std::shared_ptr<const Call>& call,
                 Result<std::unique_ptr<Session>> begun, std::uint64_t length, BodyDigests digests, Responder respond) {
  if (!begun.ok()) return respond(std::move(begun).error());
  std::shared_ptr<Session> session = std::move(begun).value();
  Upload upload;
  upload.length = length;
  upload.digests = std::move(digests);
  upload.append = [session](ByteView bytes) { return session->Append(bytes); };
  // A weak reference: the call owns the exchange, which owns what this is part of.
  upload.commit = [session, weak = std::weak_ptr<const Call>(call)](
                      const objects::ExpectedDigests& expected) -> Result<http::Response> {
    ALOFT_ASSIGN(auto made, session->Commit(expected));
    auto owner = weak.lock();
    if (!owner) return Fail(kCancelled, "The request is gone");
    http::Response response = Answer(*owner, 200);
    response.headers.Add("ETag", Quoted(made.etag));
    AddDigest(response.headers, made);
    return response;
  };
  Receive(call, context.dependencies.pool, std::move(upload), std::move(respond));
}

class PutObject final : public Prepared {
 public:
  PutObject(const Context& context, Target target, objects::PutRequest request, BodyDigests digests, bool tagged)
      : context_(context),
        target_(std::move(target)),
        request_(std::move(request)),
        digests_(std::move(digests)),
        tagged_(tagged) {}

  std::vector<Permission> permissions() const override {
    std::vector<Permission> needed = {{"s3:PutObject", target_.ObjectArn(), {}}};
    if (tagged_) needed.push_back({"s3:PutObjectTagging", target_.ObjectArn(), {}});
    return needed;
  }

  void Run(const std::shared_ptr<const Call>& call, Authorized, Responder respond) override {
    if (auto status = CheckExpectedOwner(context_, *call, target_.bucket); !status.ok())
      return respond(std::move(status).error());
    const std::uint64_t length = request_.expected_bytes;
    ReceiveInto(context_, call, context_.dependencies.objects.BeginPut(call->session.account, std::move(request_)),
                length, std::move(digests_), std::move(respond));
  }

 private:
  const Context& context_;
  Target target_;
  objects::PutRequest request_;
  BodyDigests digests_;
  bool tagged_;
};

class UploadPart final : public Prepared {
 public:
  UploadPart(const Context& context, Target target, objects::PartRequest request, BodyDigests digests)
      : context_(context), target_(std::move(target)), request_(std::move(request)), digests_(std::move(digests)) {}

  std::vector<Permission> permissions() const override { return {{"s3:PutObject", target_.ObjectArn(), {}}}; }

  void Run(const std::shared_ptr<const Call>& call, Authorized, Responder respond) override {
    if (auto status = CheckExpectedOwner(context_, *call, target_.bucket); !status.ok())
      return respond(std::move(status).error());
    const std::uint64_t length = request_.expected_bytes;
    ReceiveInto(context_, call, context_.dependencies.objects.BeginPart(call->session.account, std::move(request_)),
                length, std::move(digests_), std::move(respond));
  }

 private:
  const Context& context_;
  Target target_;
  objects::PartRequest request_;
  BodyDigests digests_;
};

Result<std::unique_ptr<Prepared>> PreparePut(const Context& context, const Call& call) {
  const auto& headers = call.head().headers;
  ALOFT_ASSIGN(Target target, ParseTarget(call.head(), context.options.domain));
  ALOFT_TRY(CheckNames(context, target));
  objects::PutRequest request{.bucket = target.bucket, .key = target.key};
  ALOFT_ASSIGN(request.attributes, ReadAttributes(headers));
  ALOFT_ASSIGN(request.condition, ReadWriteCondition(headers));
  ALOFT_ASSIGN(BodyDigests digests, ReadDigests(headers));
  if (digests.algorithm != objects::ChecksumAlgorithm::kNone) request.checksum = digests.algorithm;
  ALOFT_ASSIGN(request.expected_bytes, BodyLength(call));
  bool tagged = !request.attributes.tags.empty();
  return std::unique_ptr<Prepared>(
      std::make_unique<PutObject>(context, std::move(target), std::move(request), std::move(digests), tagged));
}

Result<std::unique_ptr<Prepared>> PreparePart(const Context& context, const Call& call) {
  const auto& headers = call.head().headers;
  ALOFT_ASSIGN(Target target, ParseTarget(call.head(), context.options.domain));
  ALOFT_TRY(CheckNames(context, target));
  ALOFT_TRY(RefuseUnsupported(headers));
  objects::PartRequest request{.bucket = target.bucket, .key = target.key};
  request.upload = objects::UploadId(target.Get("uploadId"));
  ALOFT_ASSIGN(std::size_t number, NumberParameter(target, "partNumber", 0, 100'000));
  request.number = static_cast<int>(number);
  ALOFT_ASSIGN(BodyDigests digests, ReadDigests(headers));
  request.checksum = digests.algorithm;
  ALOFT_ASSIGN(request.expected_bytes, BodyLength(call));
  return std::unique_ptr<Prepared>(
      std::make_unique<UploadPart>(context, std::move(target), std::move(request), std::move(digests)));
}

using Preparer = Result<std::unique_ptr<Prepared>> (*)(const Context&, const Call&);

Row StreamedRow(const Context& context, std::string_view operation, Preparer prepare) {
  Row row;
  row.service = row.signed_for = "s3";
  row.operation = operation;
  row.body = BodyMode::kStreamed;
  row.prepare = [&context, prepare](const Call& call) { return prepare(context, call); };
  return row;
}

}  // namespace

void AddPutRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(StreamedRow(context, "PutObject", PreparePut));
  rows.push_back(StreamedRow(context, "UploadPart", PreparePart));
}

}  // namespace aloft::api::s3
