// The first line is a target, the others are headers: everything of a head that S3 reads before it knows who asks.
#include <cstdint>
#include <string_view>

#include "api/aws/s3_wire/headers.h"
#include "api/aws/s3_wire/range.h"
#include "api/aws/s3_wire/request.h"
#include "foundation/base/bytes.h"
#include "foundation/base/check.h"

using namespace aloft;           // NOLINT(google-build-using-namespace)
using namespace aloft::api::s3;  // NOLINT(google-build-using-namespace)

static void CheckRange(std::string_view header) {
  constexpr std::uint64_t kSize = 1000;
  auto range = ParseRange(header, kSize);
  if (range.ok() && *range) ALOFT_CHECK((*range)->offset < kSize && (*range)->length <= kSize - (*range)->offset);
  static_cast<void>(ParseCopyRange(header));
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  http::RequestHead head;
  head.method = size % 2 == 0 ? "PUT" : "GET";
  bool first = true;
  for (std::string_view line : Split({reinterpret_cast<const char*>(data), size}, '\n')) {
    const std::size_t colon = line.find(':');
    if (first)
      head.target = line;
    else if (colon != std::string_view::npos)
      head.headers.Add(std::string(line.substr(0, colon)), std::string(Trim(line.substr(colon + 1))));
    first = false;
  }
  auto target = ParseTarget(head, "s3.example.org");
  if (target.ok()) {
    static_cast<void>(NameOperation(head, *target));
    static_cast<void>(CheckOverrides(*target));
    static_cast<void>(SignedService(head, target->query));
  }
  CheckRange(head.headers.Get("range"));
  static_cast<void>(ReadDigests(head.headers));
  static_cast<void>(ReadAttributes(head.headers));
  static_cast<void>(ReadWriteCondition(head.headers));
  static_cast<void>(ParseTagging(head.headers.Get("x-amz-tagging")));
  static_cast<void>(CheckReadConditions(head.headers, objects::ObjectInfo()));
  return 0;
}
