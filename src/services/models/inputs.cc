#include "services/models/inputs.h"

#include "foundation/base/bytes.h"
#include "services/models/service.h"

namespace aloft::models {
namespace {

using shapes::sagemaker::ContainerDefinition;

std::string CodeUri(const ContainerDefinition& container) {
  if (!container.environment) return {};
  auto found = container.environment->find("SAGEMAKER_SUBMIT_DIRECTORY");
  if (found == container.environment->end() || !found->second.starts_with("s3://")) return {};
  return found->second;
}

}  // namespace

std::vector<compute::Input> ModelInputs(const ContainerDefinition& container, const std::string& base) {
  std::vector<compute::Input> inputs;
  ModelData data = DataOf(container);
  if (!data.uri.empty()) {
    compute::Input input;
    input.channel = "model";
    input.s3_uri = data.uri;
    // A model that is one file need not be packed: ours alone, AWS wants an archive.
    bool one_file = ToLower(data.uri).ends_with(".onnx") && !data.is_prefix;
    input.kind = data.is_prefix ? compute::Input::Kind::kPrefix
                 : one_file     ? compute::Input::Kind::kObject
                                : compute::Input::Kind::kArchive;
    input.path = base + "/model";
    inputs.push_back(std::move(input));
  }
  if (std::string code = CodeUri(container); !code.empty()) {
    compute::Input input;
    input.channel = "code";
    input.s3_uri = code;
    input.kind = compute::Input::Kind::kArchive;
    input.path = base + "/code";
    inputs.push_back(std::move(input));
  }
  return inputs;
}

}  // namespace aloft::models
