// One prediction as every door sees it: opaque bytes in, opaque bytes out.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "foundation/base/result.h"
#include "foundation/http/message.h"

namespace aloft::serving {

inline constexpr std::size_t kMaxInvocationBytes = 6u << 20;  // of a request body

class AnswerStream;

struct Invocation {
  std::string endpoint;
  std::string body;
  std::string content_type;       // empty: application/json
  std::string accept;             // empty: the model's own default
  std::string target_variant;     // empty: by weight
  std::string target_model;       // of a multi-model endpoint: the model's key below its prefix
  std::string component;          // of an endpoint of inference components: which of them
  std::string target_container;   // of an endpoint whose containers are asked directly
  std::string custom_attributes;  // X-Amzn-SageMaker-Custom-Attributes, passed on as it is
  std::string inference_id;
  std::string traceparent, tracestate;  // of the request's trace; passed on
  // Of the Open Inference Protocol: the worker's own path instead of /invocations, and the length of the JSON before
  // binary tensors, as text.
  std::string path;
  bool get = false;  // asks about the model, without a body
  std::string json_length;
  std::chrono::milliseconds timeout{0};    // of the prediction, or of each pause in a stream; 0: the router's
  std::shared_ptr<AnswerStream> stream{};  // takes the body of a good answer piece by piece
};

struct Answer {
  int status = 200;  // of the model; not 2xx: the model refused or failed, and body says why
  std::string content_type;
  std::string body;
  std::string variant;            // that answered
  std::string container;          // of a pipeline, that refused or failed; empty: the only one
  std::string custom_attributes;  // that the model sets
  std::string log_stream_arn;     // where its log is
  std::string json_length;        // of the Open Inference Protocol, where binary tensors follow
};

// Takes a good answer as it comes, as http::BodySink says, after Begin. Where it has begun, the request is not asked
// again; AnswerDone still comes, last. Shadows and data capture leave streams out.
class AnswerStream : public http::BodySink {
 public:
  // The head, with an empty body; at most once.
  virtual void Begin(Answer head) = 0;
  // Nobody waits any longer: the worker's connection is closed.
  virtual bool Unwanted() const = 0;

  // The router's: who is asked now; whether Begin was called.
  std::string variant;
  std::atomic<bool> begun{false};
};

using AnswerDone = std::function<void(Result<Answer>)>;

}  // namespace aloft::serving
