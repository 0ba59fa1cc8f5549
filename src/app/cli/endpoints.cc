// aloft endpoints explain, aloft endpoints list: what an operator asks of models in service.
#include <boost/json.hpp>
#include <cstdio>

#include "app/cli/commands.h"
#include "app/cli/remote.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

void Explain(const std::string& profile, const std::string& name) {
  json::value answer = OrFail(Connect(profile)->Own("ExplainEndpoint", json::object{{"EndpointName", name}}));
  const auto& workers = answer.as_object().at("Workers").as_array();
  if (workers.empty()) std::printf("No worker of endpoint %s answers now.\n", name.c_str());
  for (const auto& one : workers) {
    const auto& worker = one.as_object();
    std::printf("%s\n", Text(worker, Text(worker, "Worker").empty() ? "VariantName" : "Worker").c_str());
    for (const auto& line : worker.at("Lines").as_array()) std::printf("  %s\n", std::string(line.as_string()).c_str());
  }
}

void List(const std::string& profile) {
  auto remote = Connect(profile);
  json::value answer = OrFail(remote->Json("sagemaker", "SageMaker.ListEndpoints", json::object{{"MaxResults", 100}}));
  const auto& endpoints = answer.as_object().at("Endpoints").as_array();
  if (endpoints.empty())
    std::printf("There are no endpoints.\n");
  else
    std::printf("%-40s %-12s %s\n", "ENDPOINT", "STATUS", "VARIANTS");
  for (const auto& one : endpoints) {
    const std::string name = Text(one.as_object(), "EndpointName");
    json::value shown =
        OrFail(remote->Json("sagemaker", "SageMaker.DescribeEndpoint", json::object{{"EndpointName", name}}));
    std::string variants;
    if (const auto* list = shown.as_object().if_contains("ProductionVariants")) {
      for (const auto& variant : list->as_array()) {
        variants.append(variants.empty() ? "" : ", ").append(Text(variant.as_object(), "VariantName"));
        const auto* count = variant.as_object().if_contains("CurrentInstanceCount");
        if (count != nullptr) variants.append(" x").append(std::to_string(count->to_number<int>()));
      }
    }
    std::printf("%-40s %-12s %s\n", name.c_str(), Text(shown.as_object(), "EndpointStatus").c_str(), variants.c_str());
  }
}

}  // namespace

void AddEndpoints(CLI::App& app) {
  auto* endpoints = app.add_subcommand("endpoints", "Models in service: list them, see how they batch requests");
  endpoints->require_subcommand(1);
  endpoints->footer("Examples:\n  aloft endpoints list\n  aloft endpoints explain my-endpoint");
  auto profile = std::make_shared<std::string>();
  auto* list = endpoints->add_subcommand("list", "List endpoints with their variants and instances");
  AddProfileOption(*list, *profile);
  list->footer("Example:\n  aloft endpoints list");
  list->callback([=] { List(*profile); });

  auto name = std::make_shared<std::string>();
  auto* explain = endpoints->add_subcommand(
      "explain", "Say how each worker joins requests: what it chose, what it measured, what it rejected");
  AddProfileOption(*explain, *profile);
  explain->add_option("NAME", *name, "The endpoint")->required();
  explain->footer("Example:\n  aloft endpoints explain my-endpoint");
  explain->callback([=] { Explain(*profile, *name); });
}

}  // namespace aloft::app
