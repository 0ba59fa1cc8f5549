#include "services/serving/routing/capture.h"

#include <algorithm>
#include <random>

#include "foundation/base/bytes.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "services/serving/endpoints/errors.h"

namespace aloft::serving {
namespace {

constexpr std::size_t kMaxWaiting = 32u << 20;  // bytes of lines, over all endpoints

bool Sampled(double rate) {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return rate >= 1 || std::uniform_real_distribution<double>(0, 1)(engine) < rate;
}

bool Names(const std::vector<std::string>& types, std::string_view type) {
  type = Trim(type.substr(0, type.find(';')));
  return std::any_of(types.begin(), types.end(), [&](const std::string& one) { return ToLower(one) == ToLower(type); });
}

void WriteSide(const CapturePlan& plan, const char* key, const char* mode, const std::string& type,
               const std::string& data, codec::JsonWriter& json) {
  json.Key(key).BeginObject().Key("observedContentType").String(type).Key("mode").String(mode);
  bool csv = Names(plan.csv_types, type), text = csv || Names(plan.json_types, type);
  json.Key("data").String(text ? data : codec::Base64Encode(data));
  json.Key("encoding").String(csv ? "CSV" : text ? "JSON" : "BASE64").EndObject();
}

}  // namespace

Status CheckCapture(const shapes::sagemaker::DataCaptureConfig& config) {
  if (!config.enable_capture.value_or(false)) return {};
  if (config.kms_key_id && !config.kms_key_id->empty()) {
    return Fail(kNotBuilt, "NotImplemented: DataCaptureConfig.KmsKeyId is not built in this Aloft.");
  }
  if (!config.destination_s3_uri.value_or("").starts_with("s3://")) {
    return Fail(kBadEndpointConfig, "DataCaptureConfig.DestinationS3Uri must be an S3 URI.");
  }
  if (!config.capture_options || config.capture_options->empty()) {
    return Fail(kBadEndpointConfig, "DataCaptureConfig needs CaptureOptions.");
  }
  return {};
}

std::shared_ptr<const CapturePlan> CapturePlanOf(const std::optional<shapes::sagemaker::DataCaptureConfig>& config,
                                                 const std::string& role) {
  if (!config || !config->enable_capture.value_or(false)) return nullptr;
  auto plan = std::make_shared<CapturePlan>();
  plan->destination = config->destination_s3_uri.value_or("");
  while (plan->destination.ends_with('/')) plan->destination.pop_back();
  plan->role = role;
  plan->rate = config->initial_sampling_percentage.value_or(100) / 100.0;
  for (const auto& option : *config->capture_options) {
    std::string mode = option.capture_mode.value_or("");
    plan->input = plan->input || mode == "Input" || mode == "InputAndOutput";
    plan->output = plan->output || mode == "Output" || mode == "InputAndOutput";
  }
  plan->csv_types = {"text/csv"};
  plan->json_types = {"application/json"};
  if (config->capture_content_type_header) {
    const auto& types = *config->capture_content_type_header;
    if (types.csv_content_types) plan->csv_types = *types.csv_content_types;
    if (types.json_content_types) plan->json_types = *types.json_content_types;
  }
  return plan;
}

void Capture::Offer(const Scope& scope, const std::string& variant, const CapturePlan& plan,
                    const Invocation& invocation, const Answer& answer) {
  if (!store_ || !Sampled(plan.rate)) return;
  std::string line;
  codec::JsonWriter json(line);
  json.BeginObject().Key("captureData").BeginObject();
  std::string type = invocation.content_type.empty() ? "application/json" : invocation.content_type;
  if (plan.input) WriteSide(plan, "endpointInput", "INPUT", type, invocation.body, json);
  if (plan.output) WriteSide(plan, "endpointOutput", "OUTPUT", answer.content_type, answer.body, json);
  json.EndObject().Key("eventMetadata").BeginObject().Key("eventId").String(random_.Uuid());
  if (!invocation.custom_attributes.empty()) {
    json.Key("customAttributes").BeginArray().String(invocation.custom_attributes).EndArray();
  }
  if (!invocation.inference_id.empty()) json.Key("inferenceId").String(invocation.inference_id);
  json.Key("inferenceTime").String(codec::FormatIso8601(clock_.Now())).EndObject();
  json.Key("eventVersion").String("0").EndObject();
  line += '\n';

  std::string key = scope.account.value() + "/" + scope.region.value() + "/" + invocation.endpoint + "/" + variant +
                    "/" + plan.role + "/" + plan.destination;
  std::lock_guard lock(mutex_);
  if (bytes_ + line.size() > kMaxWaiting) {
    ++dropped_;
    return;
  }
  bytes_ += line.size();
  Batch& batch = waiting_[key];
  if (batch.lines.empty()) batch = {scope, invocation.endpoint, variant, plan.destination, plan.role, {}};
  batch.lines += line;
}

void Capture::Flush() {
  std::map<std::string, Batch> taken;
  std::size_t dropped = 0;
  {
    std::lock_guard lock(mutex_);
    taken.swap(waiting_);
    std::swap(dropped, dropped_);
  }
  if (dropped > 0) log_.Warn("captured predictions were dropped", {{"count", std::to_string(dropped)}});
  std::size_t written = 0;
  for (const auto& [key, batch] : taken) {
    std::string stamp = codec::FormatIso8601Millis(clock_.Now());  // "2026-01-31T23:59:58.123Z"
    std::string uri = batch.destination + "/" + batch.endpoint + "/" + batch.variant + "/" + stamp.substr(0, 4) + "/" +
                      stamp.substr(5, 2) + "/" + stamp.substr(8, 2) + "/" + stamp.substr(11, 2) + "/" +
                      stamp.substr(14, 2) + "-" + stamp.substr(17, 2) + "-" + stamp.substr(20, 3) + "-" +
                      random_.Uuid() + ".jsonl";
    Status stored = store_(batch.scope.account, batch.role, uri, "application/jsonl", batch.lines);
    written += batch.lines.size();
    if (stored.ok()) continue;
    log_.Warn("captured predictions could not be stored",
              {{"endpoint", batch.endpoint}, {"variant", batch.variant}, {"error", Describe(stored.error())}});
  }
  std::lock_guard lock(mutex_);
  bytes_ -= written;  // room comes back only now, so that a slow store bounds what is held
}

std::size_t Capture::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace aloft::serving
