// A request by hand, for tests of rows and fronts.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "api/common/authorize.h"
#include "api/common/operation.h"
#include "foundation/http/server.h"

namespace aloft::api::testing {

class FakeExchange final : public http::Exchange {
 public:
  explicit FakeExchange(http::RequestHead head) : head_(std::move(head)) {}
  const http::RequestHead& head() const override { return head_; }
  void ReadBody(std::uint64_t, std::function<void(Result<std::string>)> done) override { done(std::string()); }
  void StreamBody(std::shared_ptr<http::BodySink> sink) override { sink->OnEnd(); }
  void Reply(http::Response) override {}
  void OnAbort(std::function<void()>) override {}

 private:
  http::RequestHead head_;
};

inline http::RequestHead Post(std::string target, http::Headers headers) {
  http::RequestHead head;
  head.method = "POST";
  head.target = std::move(target);
  head.headers = std::move(headers);
  return head;
}

// A head as boto's json protocol sends it, signed for `service`.
inline http::RequestHead JsonHead(const std::string& target, const std::string& service = "sagemaker") {
  return Post("/", {{"Content-Type", "application/x-amz-json-1.1"},
                    {"X-Amz-Target", target},
                    {"Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/" + service +
                                          "/aws4_request, SignedHeaders=host, Signature=00"}});
}

inline http::RequestHead FormHead(const std::string& service) {
  return Post("/", {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                    {"Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20261122/us-east-1/" + service +
                                          "/aws4_request, SignedHeaders=host, Signature=00"}});
}

inline std::shared_ptr<Call> MakeCall(http::RequestHead head, std::string body) {
  auto call = std::make_shared<Call>();
  call->request_id = RequestId("request-1");
  call->session.account = AccountId("123456789012");
  call->session.kind = identity::PrincipalKind::kUser;
  call->region = Region("us-east-1");
  call->exchange = std::make_shared<FakeExchange>(std::move(head));
  call->body = std::move(body);
  return call;
}

// The way of a request through the front, with everything allowed: match, prepare, run; errors rendered.
inline http::Response Send(const Front& front, http::RequestHead head, std::string body) {
  auto call = MakeCall(head, body);
  auto render = [&](const Error& error) { return front.RenderError(error, head, call->request_id); };
  auto row = front.Match(head, body);
  if (!row.ok()) return render(row.error());
  auto prepared = (*row)->prepare(*call);
  if (!prepared.ok()) return render(prepared.error());
  http::Response response;
  (*prepared)->Run(
      call, AuthorizedMaker::Make([](const Permission&) { return Status(); }),
      [&](Result<http::Response> result) { response = result.ok() ? std::move(*result) : render(result.error()); });
  return response;
}

inline const std::string& BodyOf(const http::Response& response) {
  return std::get<std::string>(response.body);
}

}  // namespace aloft::api::testing
