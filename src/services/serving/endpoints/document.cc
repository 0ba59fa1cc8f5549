#include "services/serving/endpoints/document.h"

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "foundation/shapes/json.h"
#include "services/serving/endpoints/component_name.h"
#include "services/serving/endpoints/errors.h"

namespace aloft::serving {
namespace {

using shapes::sagemaker::CreateEndpointConfigRequest;
using shapes::sagemaker::CreateModelRequest;
using shapes::sagemaker::InferenceComponentSpecification;
using shapes::sagemaker::ProductionVariant;

constexpr int kVersion = 1;  // of the document column

void WriteDeployment(const Deployment& deployment, codec::JsonWriter& json) {
  json.BeginObject();
  json.Key("generation").Int(deployment.generation);
  json.Key("config").String(deployment.config);
  json.Key("started").Int(ToMicros(deployment.started));
  json.Key("variants").BeginArray();
  for (const Variant& variant : deployment.variants) {
    json.BeginObject();
    json.Key("plan").Raw(shapes::ToJsonText(variant.plan));
    json.Key("model").Raw(shapes::ToJsonText(variant.model));
    json.Key("made").Int(variant.made);
    if (variant.shadow) json.Key("shadow").Bool(true);
    if (variant.resources) json.Key("resources").Raw(shapes::ToJsonText(*variant.resources));
    json.EndObject();
  }
  json.EndArray();
  if (deployment.capture) json.Key("capture").Raw(shapes::ToJsonText(*deployment.capture));
  if (deployment.async) json.Key("async").Raw(shapes::ToJsonText(*deployment.async));
  if (deployment.component) json.Key("component").Raw(shapes::ToJsonText(*deployment.component));
  json.Key("slots").BeginArray();
  for (const Slot& slot : deployment.slots) {
    json.BeginObject();
    json.Key("variant").Int(slot.variant).Key("instance").Int(slot.instance);
    json.Key("attempt").Int(slot.attempt).Key("failures").Int(slot.failures);
    if (slot.retry_at) json.Key("retry_at").Int(ToMicros(*slot.retry_at));
    if (!slot.socket.empty()) json.Key("socket").String(slot.socket);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
}

void WriteRollout(const Rollout& rollout, codec::JsonWriter& json) {
  json.BeginObject();
  json.Key("kind").Int(static_cast<int>(rollout.kind)).Key("step").Double(rollout.step);
  json.Key("wait").Int(rollout.wait.count()).Key("termination_wait").Int(rollout.termination_wait.count());
  json.Key("limit").Int(rollout.limit.count()).Key("share").Double(rollout.share);
  if (rollout.stepped) json.Key("stepped").Int(ToMicros(*rollout.stepped));
  json.EndObject();
}

Result<Deployment> ReadDeployment(const boost::json::object& json) {
  Deployment deployment;
  deployment.generation = static_cast<int>(json.at("generation").as_int64());
  deployment.config = std::string(json.at("config").as_string());
  deployment.started = FromMicros(json.at("started").as_int64());
  for (const boost::json::value& value : json.at("variants").as_array()) {
    Variant variant;
    ALOFT_ASSIGN(variant.plan, shapes::FromJson<ProductionVariant>(value.as_object().at("plan")));
    ALOFT_ASSIGN(variant.model, shapes::FromJson<CreateModelRequest>(value.as_object().at("model")));
    if (const auto* shadow = value.as_object().if_contains("shadow")) variant.shadow = shadow->as_bool();
    if (const auto* resources = value.as_object().if_contains("resources")) {
      ALOFT_ASSIGN(variant.resources,
                   shapes::FromJson<shapes::sagemaker::InferenceComponentComputeResourceRequirements>(*resources));
    }
    if (const auto* made = value.as_object().if_contains("made")) variant.made = static_cast<int>(made->as_int64());
    deployment.variants.push_back(std::move(variant));
  }
  if (const auto* capture = json.if_contains("capture")) {
    ALOFT_ASSIGN(deployment.capture, shapes::FromJson<shapes::sagemaker::DataCaptureConfig>(capture->as_object()));
  }
  if (const auto* async = json.if_contains("async")) {
    ALOFT_ASSIGN(deployment.async, shapes::FromJson<shapes::sagemaker::AsyncInferenceConfig>(async->as_object()));
  }
  if (const auto* component = json.if_contains("component")) {
    ALOFT_ASSIGN(deployment.component, shapes::FromJson<InferenceComponentSpecification>(*component));
  }
  for (const boost::json::value& value : json.at("slots").as_array()) {
    const boost::json::object& object = value.as_object();
    Slot slot;
    slot.variant = static_cast<int>(object.at("variant").as_int64());
    slot.instance = static_cast<int>(object.at("instance").as_int64());
    slot.attempt = static_cast<int>(object.at("attempt").as_int64());
    slot.failures = static_cast<int>(object.at("failures").as_int64());
    if (const auto* time = object.if_contains("retry_at")) slot.retry_at = FromMicros(time->as_int64());
    if (const auto* socket = object.if_contains("socket")) slot.socket = std::string(socket->as_string());
    Variant& variant = deployment.variants.at(static_cast<std::size_t>(slot.variant));
    variant.made = std::max(variant.made, slot.instance + 1);  // older records do not hold it
    deployment.slots.push_back(slot);
  }
  return deployment;
}

Rollout ReadRollout(const boost::json::object& json) {
  Rollout rollout;
  rollout.kind = static_cast<Rollout::Kind>(std::clamp<std::int64_t>(json.at("kind").as_int64(), 0, 2));
  rollout.step = json.at("step").to_number<double>();
  rollout.wait = std::chrono::seconds(json.at("wait").as_int64());
  rollout.termination_wait = std::chrono::seconds(json.at("termination_wait").as_int64());
  rollout.limit = std::chrono::seconds(json.at("limit").as_int64());
  rollout.share = json.at("share").to_number<double>();
  if (const auto* time = json.if_contains("stepped")) rollout.stepped = FromMicros(time->as_int64());
  return rollout;
}

}  // namespace

std::string WriteDocument(const Endpoint& endpoint) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("version").Int(kVersion);
  json.Key("failure").String(endpoint.failure);
  json.Key("config").String(endpoint.config);
  json.Key("generation").Int(endpoint.generation);
  if (endpoint.current) WriteDeployment(*endpoint.current, json.Key("current"));
  if (endpoint.next) {
    WriteDeployment(*endpoint.next, json.Key("next"));
    WriteRollout(endpoint.rollout, json.Key("rollout"));
  }
  if (endpoint.deployment_config) {
    json.Key("deployment_config").Raw(shapes::ToJsonText(*endpoint.deployment_config));
  }
  if (endpoint.component) json.Key("component").Raw(shapes::ToJsonText(*endpoint.component));
  json.EndObject();
  return out;
}

Status ReadDocument(const std::string& text, Endpoint& endpoint) {
  ALOFT_ASSIGN(boost::json::value value, codec::ParseJson(text));
  try {
    const boost::json::object& json = value.as_object();
    if (json.at("version").as_int64() > kVersion) {
      return Fail(kCorrupt, "An endpoint's record was written by a newer version", endpoint.name);
    }
    endpoint.failure = std::string(json.at("failure").as_string());
    endpoint.config = std::string(json.at("config").as_string());
    endpoint.generation = static_cast<int>(json.at("generation").as_int64());
    if (const auto* current = json.if_contains("current")) {
      ALOFT_ASSIGN(endpoint.current, ReadDeployment(current->as_object()));
    }
    if (const auto* next = json.if_contains("next")) {
      ALOFT_ASSIGN(endpoint.next, ReadDeployment(next->as_object()));
    }
    if (const auto* rollout = json.if_contains("rollout")) endpoint.rollout = ReadRollout(rollout->as_object());
    if (const auto* config = json.if_contains("deployment_config")) {
      ALOFT_ASSIGN(endpoint.deployment_config,
                   shapes::FromJson<shapes::sagemaker::DeploymentConfig>(config->as_object()));
    }
    if (const auto* component = json.if_contains("component")) {
      ALOFT_ASSIGN(endpoint.component, shapes::FromJson<InferenceComponentSpecification>(*component));
    }
    return {};
  } catch (const std::exception& error) {  // at() and as_...() of a document that we did not write
    return Fail(kCorrupt, "An endpoint's record cannot be read", endpoint.name + ": " + error.what());
  }
}

}  // namespace aloft::serving
