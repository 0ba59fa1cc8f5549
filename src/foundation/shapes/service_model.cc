#include "foundation/shapes/service_model.h"

#include <algorithm>

namespace aloft::shapes {

const OperationModel* FindOperation(const ServiceModel& service, std::string_view name) {
  auto name_of = [](const OperationModel* operation) { return operation->name; };
  auto found = std::ranges::lower_bound(service.operations, name, {}, name_of);
  return found != service.operations.end() && (*found)->name == name ? *found : nullptr;
}

bool Knows(const ServiceModel& service, std::string_view name) {
  return std::ranges::binary_search(service.all, name);
}

const ErrorShape* FindError(const ServiceModel& service, std::string_view name) {
  for (const ErrorShape& error : service.errors)
    if (error.shape == name || error.code == name) return &error;
  return nullptr;
}

}  // namespace aloft::shapes
