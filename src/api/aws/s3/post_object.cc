// POST of a browser's form: the fields before the file are the request, and the proof of who signed it is among them.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
#include <algorithm>

#include "api/aws/s3/acl_rules.h"
#include "api/aws/s3/form_proof.h"
#include "api/aws/s3/key_use.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3/upload.h"
#include "api/aws/s3_wire/form.h"
#include "api/aws/s3_wire/headers.h"
#include "api/aws/s3_wire/object_headers.h"
#include "services/objects/contract/policy.h"

namespace aloft::api::s3 {
namespace {

using documents::FindField;
using documents::FormFields;

// Fields that are headers of a PUT under another name, or the same one.
bool IsHeaderField(std::string_view name) {
  static constexpr std::string_view kFields[] = {"content-type",     "cache-control", "content-disposition",
                                                 "content-encoding", "expires",       "content-md5"};
  return std::find(std::begin(kFields), std::end(kFields), name) != std::end(kFields) ||
         (name.starts_with("x-amz-") && name != "x-amz-signature" && name != "x-amz-security-token");
}

// The head of the PUT that a form stands for.
http::RequestHead HeadOf(const http::RequestHead& head, const FormFields& fields) {
  http::RequestHead made;
  made.method = "POST";
  made.target = head.target;
  made.peer_address = head.peer_address;
  made.tls = head.tls;
  made.headers.Add("host", std::string(head.headers.Get("host")));
  made.headers.Add("user-agent", std::string(head.headers.Get("user-agent")));
  for (const auto& [name, value] : fields) {
    if (name == "acl") made.headers.Add("x-amz-acl", value);
    if (IsHeaderField(name)) made.headers.Add(name, value);
  }
  return made;
}

class FormExchange final : public http::Exchange {
 public:
  explicit FormExchange(http::RequestHead head) : head_(std::move(head)) {}
  const http::RequestHead& head() const override { return head_; }
  void ReadBody(std::uint64_t, std::function<void(Result<std::string>)> done) override { done(std::string()); }
  void StreamBody(std::shared_ptr<http::BodySink> sink) override { sink->OnEnd(); }
  void Reply(http::Response) override {}
  void OnAbort(std::function<void()>) override {}

 private:
  http::RequestHead head_;
};

// One form on its way in.
class FormUpload {
 public:
  FormUpload(const Context& context, const std::shared_ptr<const Call>& call, Target target, Authorized authorized,
             const std::string& boundary)
      : context_(context),
        call_(call),
        target_(std::move(target)),
        authorized_(std::move(authorized)),
        reader_(boundary) {}

  Status Append(ByteView bytes) {
    return reader_.Feed(
        {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, [this] { return Begin(); },
        [this](std::string_view piece) { return Take(piece); });
  }

  Result<http::Response> Finish() {
    ALOFT_TRY(reader_.Finish());
    if (policy_) ALOFT_TRY(documents::CheckPostLength(*policy_, received_));
    ALOFT_ASSIGN(auto info, session_->Commit(digests_.expected));
    return AnswerForm(info);
  }

 private:
  // All fields are known: who signed them, whether they keep their policy, whether this may be written.
  Status Begin() {
    auto call = call_.lock();
    if (!call) return Fail(kCancelled, "The request is gone");
    const FormFields& fields = reader_.fields();
    const std::string* key = FindField(fields, "key");
    if (key == nullptr || key->empty())
      return Fail(kInvalidArgument,
                  "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the "
                  "fields.");
    target_.key = *key;
    if (auto at = target_.key.find("${filename}"); at != std::string::npos)
      target_.key.replace(at, 11, reader_.filename());
    ALOFT_TRY(CheckNames(context_, target_));
    Call form;
    form.request_id = call->request_id;
    form.region = call->region;
    form.received = call->received;
    form.exchange = std::make_shared<FormExchange>(HeadOf(call->head(), fields));
    const auto& headers = form.head().headers;
    objects::PutRequest request{.bucket = target_.bucket, .key = target_.key};
    ALOFT_ASSIGN(request.attributes, ReadAttributes(headers));
    if (const std::string* tagging = FindField(fields, "tagging")) {
      ALOFT_ASSIGN(request.attributes.tags, ReadTagging(context_, *tagging));
    }
    ALOFT_ASSIGN(request.lock, ReadLock(headers, call->received));
    ALOFT_TRY(ReadEncryption(form.head()));
    ALOFT_ASSIGN(digests_, ReadDigests(headers));
    if (digests_.algorithm != objects::ChecksumAlgorithm::kNone) request.checksum = digests_.algorithm;
    ALOFT_TRY(Authorize(*call, form, !request.attributes.tags.empty()));
    ALOFT_ASSIGN(auto access, context_.access->Of(target_.bucket));
    ALOFT_ASSIGN(request.attributes.acl, ObjectAclOf(*access, headers));
    ALOFT_ASSIGN(request.encryption, EncryptionOf(context_, form, *access, target_.key, asking_));
    ALOFT_ASSIGN(session_, context_.dependencies.objects.BeginPut(access->bucket.account, std::move(request)));
    return {};
  }

  Status Authorize(const Call& call, Call& form, bool tagged) {
    FormFields fields = reader_.fields();
    ALOFT_ASSIGN(auto proof, ReadFormProof(context_, fields, call.received));
    if (proof) form.session = proof->session;
    // Without a signature the caller is nobody, as the gateway knows already.
    asking_ = [this, &call, session = form.session, signed_form = proof.has_value()](const Permission& need) {
      return signed_form ? AuthorizeForm(context_, call, session, need) : authorized_.Check(need);
    };
    auto needed = NeedWrite(context_, form, target_);
    if (tagged) needed.push_back(Need(context_, form, "s3:PutObjectTagging", target_.ObjectArn()));
    for (auto& need : needed) {
      if (proof) need.context["s3:authtype"] = {"POST"};
      ALOFT_TRY(asking_(need));
    }
    if (!proof) return {};
    policy_ = std::move(proof->policy);
    if (FindField(fields, "bucket") == nullptr) fields.emplace_back("bucket", target_.bucket);
    for (auto& [name, value] : fields)
      if (name == "key") value = target_.key;
    return documents::CheckPostPolicy(*policy_, fields, call.received);
  }

  Status Take(std::string_view piece) {
    received_ += piece.size();
    if (policy_ && received_ > policy_->most_bytes) return documents::CheckPostLength(*policy_, received_);
    return session_->Append(AsBytes(piece));
  }

  Result<http::Response> AnswerForm(const objects::ObjectInfo& info) {
    auto call = call_.lock();
    if (!call) return Fail(kCancelled, "The request is gone");
    const FormFields& fields = reader_.fields();
    const std::string* status = FindField(fields, "success_action_status");
    const std::string* redirect = FindField(fields, "success_action_redirect");
    if (redirect == nullptr) redirect = FindField(fields, "redirect");
    std::string location = std::string(call->head().tls ? "https://" : "http://") +
                           std::string(call->head().headers.Get("host")) + "/" + target_.bucket + "/" +
                           codec::PercentEncode(target_.key, true);
    http::Response response;
    if (redirect != nullptr && (redirect->starts_with("https://") || redirect->starts_with("http://"))) {
      response = Answer(*call, 303);
      location = *redirect + (redirect->find('?') == std::string::npos ? "?" : "&") + "bucket=" + target_.bucket +
                 "&key=" + codec::PercentEncode(target_.key) + "&etag=" + codec::PercentEncode(Quoted(info.etag));
    } else if (status != nullptr && *status == "201") {
      std::string body;
      codec::XmlWriter(body)
          .Open("PostResponse")
          .Element("Location", location)
          .Element("Bucket", target_.bucket)
          .Element("Key", target_.key)
          .Element("ETag", Quoted(info.etag))
          .Close();
      response = XmlAnswer(*call, std::move(body));
      response.status = 201;
    } else {
      response = Answer(*call, status != nullptr && *status == "200" ? 200 : 204);
    }
    // A line break in a redirect would end the header early.
    if (location.find_first_of("\r\n") == std::string::npos) response.headers.Add("Location", location);
    response.headers.Add("ETag", Quoted(info.etag));
    AddVersion(response.headers, info);
    AddEncryption(response.headers, info.encryption, call->head().headers);
    AddCors(context_, call->head(), target_.bucket, response);
    return response;
  }

  const Context& context_;
  std::weak_ptr<const Call> call_;  // the call owns the exchange, which owns what this is part of
  Target target_;
  Authorized authorized_;
  FormReader reader_;
  Ask asking_;  // while the fields are judged
  std::optional<documents::PostPolicy> policy_;
  BodyDigests digests_;
  std::unique_ptr<objects::PutSession> session_;
  std::uint64_t received_ = 0;
};

class PostObject final : public Prepared {
 public:
  PostObject(const Context& context, Target target, std::string boundary, std::uint64_t length)
      : context_(context), target_(std::move(target)), boundary_(std::move(boundary)), length_(length) {}

  // What it needs depends on the fields, and is asked when they are known.
  std::vector<Permission> permissions() const override { return {}; }

  void Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) override {
    auto form =
        std::make_shared<FormUpload>(context_, call, std::move(target_), std::move(authorized), std::move(boundary_));
    Upload upload;
    upload.length = length_;
    upload.append = [form](ByteView bytes) { return form->Append(bytes); };
    upload.commit = [form](const objects::ExpectedDigests&) { return form->Finish(); };
    Receive(call, context_.dependencies.pool, std::move(upload), std::move(respond));
  }

 private:
  const Context& context_;
  Target target_;
  std::string boundary_;
  std::uint64_t length_;
};

Result<std::unique_ptr<Prepared>> Prepare(const Context& context, const Call& call) {
  ALOFT_ASSIGN(Target target, ParseTarget(call.head(), context.options.domain));
  ALOFT_TRY(CheckNames(context, target));
  std::string boundary = FormBoundary(call.head().headers.Get("content-type"));
  if (boundary.empty())
    return Fail(kPreconditionFailed, "Bucket POST must be of the enclosure-type multipart/form-data");
  if (call.head().content_length < 0)
    return Fail(kMissingContentLength, "You must provide the Content-Length HTTP header.");
  return std::unique_ptr<Prepared>(std::make_unique<PostObject>(
      context, std::move(target), std::move(boundary), static_cast<std::uint64_t>(call.head().content_length)));
}

}  // namespace

void AddPostRows(const Context& context, std::vector<Row>& rows) {
  Row row;
  row.service = "s3";
  row.operation = "PostObject";
  row.authenticators = kSigV4 | kAnonymous;
  row.body = BodyMode::kStreamed;
  row.open = "the form's signed policy, or the bucket's, decides when the form has been read";
  row.prepare = [&context](const Call& call) { return Prepare(context, call); };
  rows.push_back(std::move(row));
}

}  // namespace aloft::api::s3
