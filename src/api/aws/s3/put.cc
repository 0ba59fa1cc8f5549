// PutObject and UploadPart: the operations whose body streams.
#include <type_traits>

#include "api/aws/s3/acl_rules.h"
#include "api/aws/s3/key_use.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3/upload.h"
#include "api/aws/s3_wire/headers.h"
#include "api/aws/s3_wire/object_headers.h"

namespace aloft::api::s3 {
namespace {

void AddMade(http::Headers& headers, const Context& context, const std::string& bucket, const objects::ObjectInfo& made,
             const http::Headers& request) {
  AddExpiration(headers, context, bucket, made);
  AddChecksum(headers, made.checksum);
  AddVersion(headers, made);
  AddEncryption(headers, made.encryption, request);
}

// A part's answer names no type: only a whole object has one.
void AddMade(http::Headers& headers, const Context&, const std::string&, const objects::Part& made,
             const http::Headers&) {
  if (made.checksum.algorithm != objects::ChecksumAlgorithm::kNone)
    headers.Add(ChecksumHeader(made.checksum.algorithm), made.checksum.value);
}

// Streams the call's body into a session of an object or a part, and answers with the digests of what was committed.
template <class Session>
void ReceiveInto(const Context& context, const std::shared_ptr<const Call>& call, const std::string& bucket,
                 Result<std::unique_ptr<Session>> begun, std::uint64_t length, BodyDigests digests, Responder respond) {
  if (!begun.ok()) return respond(std::move(begun).error());
  std::shared_ptr<Session> session = std::move(begun).value();
  Upload upload;
  upload.length = length;
  upload.digests = std::move(digests);
  upload.append = [session](ByteView bytes) { return session->Append(bytes); };
  // A weak reference: the call owns the exchange, which owns what this is part of.
  auto answer = [&context, bucket, weak = std::weak_ptr<const Call>(call)](const auto& made) -> Result<http::Response> {
    auto owner = weak.lock();
    if (!owner) return Fail(kCancelled, "The request is gone");
    http::Response response = Answer(*owner, 200);
    response.headers.Add("ETag", Quoted(made.etag));
    AddMade(response.headers, context, bucket, made, owner->head().headers);
    AddCors(context, owner->head(), bucket, response);
    return response;
  };
  upload.commit = [session, answer](const objects::ExpectedDigests& expected) -> Result<http::Response> {
    ALOFT_ASSIGN(auto made, session->Commit(expected));
    return answer(made);
  };
  if constexpr (std::is_same_v<Session, objects::PutSession>)
    upload.commit_soon = [session, answer = std::move(answer)](const objects::ExpectedDigests& expected,
                                                               objects::PutSession::Later later,
                                                               std::function<void(Render)> told) {
      session->CommitSoon(expected, std::move(later),
                          [answer, told = std::move(told)](Result<objects::ObjectInfo> made) {
                            auto shared = std::make_shared<Result<objects::ObjectInfo>>(std::move(made));
                            told([answer, shared]() -> Result<http::Response> {
                              if (!shared->ok()) return std::move(*shared).error();
                              return answer(**shared);
                            });
                          });
    };
  Receive(call, context.dependencies.pool, std::move(upload), std::move(respond));
}

class PutObject final : public Prepared {
 public:
  PutObject(std::unique_ptr<const Context> context, Target target, std::vector<Permission> needed,
            objects::PutRequest request, BodyDigests digests)
      : context_(std::move(context)),
        target_(std::move(target)),
        needed_(std::move(needed)),
        request_(std::move(request)),
        digests_(std::move(digests)) {}

  std::vector<Permission> permissions() const override { return needed_; }

  void Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) override {
    auto owner = OwnerOf(*context_, *call, target_.bucket);
    if (!owner.ok()) return respond(std::move(owner).error());
    if (auto status = Complete(*call, authorized); !status.ok()) return respond(std::move(status).error());
    // Copies: where something would have to wait, all of this runs again.
    ReceiveInto(*context_, call, target_.bucket, context_->dependencies.objects.BeginPut(*owner, request_),
                request_.expected_bytes, digests_, std::move(respond));
  }

 private:
  // What depends on the bucket: its lists, its encryption.
  Status Complete(const Call& call, const Authorized& authorized) {
    ALOFT_ASSIGN(auto access, context_->access->Of(target_.bucket));
    ALOFT_ASSIGN(request_.attributes.acl, ObjectAclOf(*access, call.head().headers));
    ALOFT_ASSIGN(request_.encryption, EncryptionOf(*context_, call, *access, target_.key, AskOf(authorized)));
    return {};
  }

  const std::unique_ptr<const Context> context_;
  Target target_;
  std::vector<Permission> needed_;
  objects::PutRequest request_;
  BodyDigests digests_;
};

class UploadPart final : public Prepared {
 public:
  UploadPart(std::unique_ptr<const Context> context, Target target, std::vector<Permission> needed,
             objects::PartRequest request, BodyDigests digests)
      : context_(std::move(context)),
        target_(std::move(target)),
        needed_(std::move(needed)),
        request_(std::move(request)),
        digests_(std::move(digests)) {}

  std::vector<Permission> permissions() const override { return needed_; }

  void Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) override {
    auto owner = OwnerOf(*context_, *call, target_.bucket);
    if (!owner.ok()) return respond(std::move(owner).error());
    auto allowed = MayAddPart(*context_, *call, authorized, *owner, target_);
    if (!allowed.ok()) return respond(std::move(allowed).error());
    const std::uint64_t length = request_.expected_bytes;
    ReceiveInto(*context_, call, target_.bucket, context_->dependencies.objects.BeginPart(*owner, std::move(request_)),
                length, std::move(digests_), std::move(respond));
  }

 private:
  const std::unique_ptr<const Context> context_;
  Target target_;
  std::vector<Permission> needed_;
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
  ALOFT_ASSIGN(request.lock, ReadLock(headers, call.received));
  ALOFT_TRY(ReadEncryption(call.head()));
  ALOFT_ASSIGN(BodyDigests digests, ReadDigests(headers));
  if (digests.algorithm != objects::ChecksumAlgorithm::kNone) request.checksum = digests.algorithm;
  ALOFT_ASSIGN(request.expected_bytes, BodyLength(call));
  auto own = context.ForRequest();
  auto needed = NeedWrite(*own, call, target);
  return std::unique_ptr<Prepared>(std::make_unique<PutObject>(std::move(own), std::move(target), std::move(needed),
                                                               std::move(request), std::move(digests)));
}

Result<std::unique_ptr<Prepared>> PreparePart(const Context& context, const Call& call) {
  const auto& headers = call.head().headers;
  ALOFT_ASSIGN(Target target, ParseTarget(call.head(), context.options.domain));
  ALOFT_TRY(CheckNames(context, target));
  ALOFT_TRY(RefuseUnsupported(headers));
  objects::PartRequest request{.bucket = target.bucket, .key = target.key};
  request.upload = objects::UploadId(target.Get("uploadId"));
  ALOFT_ASSIGN(request.customer_key, ReadCustomerKey(call.head()));
  ALOFT_ASSIGN(std::size_t number, NumberParameter(target, "partNumber", 0, 100'000));
  request.number = static_cast<int>(number);
  ALOFT_ASSIGN(BodyDigests digests, ReadDigests(headers));
  request.checksum = digests.algorithm;
  ALOFT_ASSIGN(request.expected_bytes, BodyLength(call));
  auto own = context.ForRequest();
  std::vector<Permission> needed = {Need(*own, call, "s3:PutObject", target.ObjectArn())};
  return std::unique_ptr<Prepared>(std::make_unique<UploadPart>(std::move(own), std::move(target), std::move(needed),
                                                                std::move(request), std::move(digests)));
}

using Preparer = Result<std::unique_ptr<Prepared>> (*)(const Context&, const Call&);

Row StreamedRow(const Context& context, std::string_view operation, Preparer prepare) {
  Row row;
  row.service = row.signed_for = "s3";
  row.operation = operation;
  row.authenticators = kSigV4 | kAnonymous;
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
