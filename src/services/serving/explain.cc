#include "services/serving/explain.h"

#include <boost/json.hpp>
#include <mutex>

#include "foundation/codec/json.h"
#include "services/serving/routing/router.h"

namespace aloft::serving {
namespace {

constexpr std::chrono::milliseconds kPatience{2000};
constexpr std::size_t kMaxLines = 64, kMaxLine = 500;

// {"Plan": ["...", ...]} of our native worker. Others have no such path.
std::vector<std::string> LinesOf(const Result<WorkerAnswer>& answer) {
  if (!answer.ok()) return {"It did not answer."};
  if (answer->status != 200) return {"Its server computes each request as it comes; it joins none."};
  Result<boost::json::value> parsed = codec::ParseJson(answer->body);
  const boost::json::value* plan =
      parsed.ok() && parsed->is_object() ? parsed->get_object().if_contains("Plan") : nullptr;
  std::vector<std::string> lines;
  if (plan == nullptr || !plan->is_array()) return {"Its server joins no requests."};
  for (const boost::json::value& line : plan->get_array()) {
    if (line.is_string() && lines.size() < kMaxLines) lines.emplace_back(line.get_string().subview(0, kMaxLine));
  }
  return lines;
}

struct Gathering {
  std::mutex mutex;
  std::vector<Explanation> found;
  std::size_t missing = 0;
};

}  // namespace

void ExplainBatching(const Router& router, WorkerClient& workers, const Scope& scope, const std::string& endpoint,
                     std::function<void(std::vector<Explanation>)> done) {
  std::shared_ptr<const Version> version = router.Published(scope, endpoint);
  if (!version) return done({});
  auto gathering = std::make_shared<Gathering>();
  std::vector<std::string> sockets;
  for (const RoutedVariant& variant : version->variants) {
    for (const RoutedWorker& worker : variant.workers) {
      const std::size_t name = worker.log_stream_arn.rfind(":log-stream:");
      const std::string stream =
          name == std::string::npos ? worker.task.value() : worker.log_stream_arn.substr(name + 12);
      gathering->found.push_back({variant.name, stream, {}});
      sockets.push_back(worker.socket);
    }
    if (variant.workers.empty())
      gathering->found.push_back({variant.name, "", {"It has no worker now."}}), sockets.emplace_back();
  }
  for (const std::string& socket : sockets) gathering->missing += socket.empty() ? 0 : 1;
  if (gathering->missing == 0) return done(std::move(gathering->found));
  Invocation question;
  question.endpoint = endpoint;
  question.get = true;
  question.path = "/batching";
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if (sockets[i].empty()) continue;
    workers.Invoke(sockets[i], question, kPatience, [gathering, i, done](Result<WorkerAnswer> answer) {
      std::vector<std::string> lines = LinesOf(answer);
      bool last = false;
      {
        std::lock_guard lock(gathering->mutex);
        gathering->found[i].lines = std::move(lines);
        last = --gathering->missing == 0;
      }
      if (last) done(std::move(gathering->found));
    });
  }
}

}  // namespace aloft::serving
