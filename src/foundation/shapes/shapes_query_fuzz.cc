// Any bytes as a form of IAM and of CloudWatch: decoded, validated and answered in XML, which must parse.
#include <cstdlib>

#include "foundation/codec/xml.h"
#include "foundation/shapes/query.h"
#include "foundation/shapes/validate.h"
#include "generated/shapes/cloudwatch/metrics.h"
#include "generated/shapes/cloudwatch/service_model.h"
#include "generated/shapes/iam/users.h"

namespace {

template <class T>
T Decode(const aloft::codec::Query& query) {
  T request;
  if (aloft::shapes::DecodeQuery(T::kShape, query, &request).ok()) static_cast<void>(aloft::shapes::Validate(request));
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto query = aloft::codec::ParseQuery(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!query) return 0;
  static_cast<void>(Decode<aloft::shapes::iam::CreateUserRequest>(*query));
  auto metrics = Decode<aloft::shapes::cloudwatch::PutMetricDataRequest>(*query);
  // The request as if it were an answer: strings of any bytes go out.
  aloft::shapes::OperationModel operation{.name = "PutMetricData", .result_wrapper = "PutMetricDataResult"};
  operation.output = &aloft::shapes::ShapeOf<aloft::shapes::cloudwatch::PutMetricDataRequest>();
  std::string xml;
  aloft::shapes::EncodeQuery(aloft::shapes::cloudwatch::kModel, operation, &metrics, "id", xml);
  if (xml.size() < 4096 && !aloft::codec::ParseXml(xml).ok()) std::abort();
  return 0;
}
