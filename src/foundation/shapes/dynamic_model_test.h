// Shapes made at run time from a model in JSON, with values to match: so that the codecs can be held against botocore's
// protocol cases, whose models no generated code knows.
#pragma once

#include <boost/json.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foundation/shapes/service_model.h"
#include "foundation/shapes/types.h"

namespace aloft::shapes {

// An object of the C++ type that a shape describes; structures are DynamicStructure.
using DynamicValue = std::shared_ptr<void>;
DynamicValue MakeDynamic(const Shape& shape);

struct DynamicStructure {
  static constexpr std::size_t kMaxMembers = 64;
  DynamicValue slots[kMaxMembers];
  Unknown unknown;
};

class DynamicModel {
 public:
  // `suite` has "metadata" and "shapes".
  explicit DynamicModel(const boost::json::object& suite);

  // `operation` is botocore's operation: name, http, input, output.
  const OperationModel& AddOperation(const boost::json::object& operation);
  const ServiceModel& service() const { return service_; }

  // A value as the cases write it: blobs are raw text, times are numbers.
  DynamicValue FromParameters(const Shape& shape, const boost::json::value& parameters);

 private:
  const Shape& ShapeOfName(const std::string& name);
  void SetPayload(std::string_view member, const Shape& shape);
  void FillStructure(const boost::json::object& json, Shape& shape);
  void Fill(const Shape& shape, const boost::json::value& parameters, void* out);
  std::string_view Keep(std::string_view text);

  boost::json::object metadata_, shapes_;
  std::map<std::string, std::unique_ptr<Shape>> made_;
  std::deque<std::vector<Member>> members_;
  std::deque<std::string> texts_;
  std::deque<OperationModel> operations_;
  Shape empty_;
  std::string_view protocol_;
  ServiceModel service_;
};

}  // namespace aloft::shapes
