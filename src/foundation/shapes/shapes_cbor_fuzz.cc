// Any bytes as a CloudWatch request in CBOR: decoded, validated, written and read again, which must give the same.
#include <cstdlib>

#include "foundation/shapes/cbor.h"
#include "foundation/shapes/validate.h"
#include "generated/shapes/cloudwatch/metrics.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Request = aloft::shapes::cloudwatch::PutMetricDataRequest;
  Request request, again;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (!aloft::shapes::DecodeCbor(Request::kShape, bytes, &request).ok()) return 0;
  static_cast<void>(aloft::shapes::Validate(request));
  std::string first, second;
  aloft::shapes::EncodeCbor(Request::kShape, &request, first);
  if (!aloft::shapes::DecodeCbor(Request::kShape, first, &again).ok()) std::abort();
  aloft::shapes::EncodeCbor(Request::kShape, &again, second);
  if (first != second) std::abort();
  return 0;
}
