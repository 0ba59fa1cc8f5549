// Any bytes as a SageMaker request in JSON: decoded, validated, written and read again, which must give the same.
#include <cstdlib>

#include "foundation/shapes/json.h"
#include "foundation/shapes/validate.h"
#include "generated/shapes/sagemaker/search_tags.h"
#include "generated/shapes/sagemaker/training.h"

namespace {

template <class T>
void Run(std::string_view text) {
  auto request = aloft::shapes::FromJsonText<T>(text);
  if (!request.ok()) return;
  static_cast<void>(aloft::shapes::Validate(*request));
  std::string stored = aloft::shapes::ToJsonText(*request);
  auto again = aloft::shapes::FromJsonText<T>(stored);
  if (!again.ok() || aloft::shapes::ToJsonText(*again) != stored) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Run<aloft::shapes::sagemaker::CreateTrainingJobRequest>(text);
  Run<aloft::shapes::sagemaker::SearchRequest>(text);
  return 0;
}
