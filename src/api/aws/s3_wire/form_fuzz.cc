// Any bytes as the body of a browser's form: read in pieces of any size it means what it means in one piece.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/aws/s3_wire/form.h"
#include "foundation/base/check.h"

using namespace aloft;           // NOLINT(google-build-using-namespace)
using namespace aloft::api::s3;  // NOLINT(google-build-using-namespace)

namespace {

struct Read {
  bool whole = false;
  std::string reason{};
  std::string file{}, filename{};
  documents::FormFields fields{};
  bool operator==(const Read&) const = default;
};

Read ReadForm(const std::string& boundary, std::string_view body, std::size_t piece) {
  Read out;
  FormReader reader(boundary);
  int begun = 0;
  const auto begin = [&] {
    ALOFT_CHECK(++begun == 1);
    return Status();
  };
  const auto take = [&](std::string_view bytes) {
    ALOFT_CHECK(begun == 1 && !bytes.empty());
    out.file += bytes;
    return Status();
  };
  Status fed;
  for (; fed.ok() && !body.empty(); body.remove_prefix(std::min(piece, body.size())))
    fed = reader.Feed(body.substr(0, piece), begin, take);
  if (fed.ok()) fed = reader.Finish();
  out.whole = fed.ok();
  if (!fed.ok()) {
    // How much of the file was taken before a mistake depends on the pieces; what the mistake is does not.
    out.reason = fed.error().reason.name;
    out.file.clear();
    return out;
  }
  ALOFT_CHECK(begun == 1);
  out.fields = reader.fields();
  out.filename = reader.filename();
  std::size_t bytes = 0;
  for (const auto& [name, value] : out.fields) bytes += name.size() + value.size();
  ALOFT_CHECK(bytes <= kMaxFormFields);
  return out;
}

}  // namespace

// The first line is the content type, the first byte the size of a piece.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const std::string boundary = FormBoundary(text.substr(0, end));
  const std::string_view body = text.substr(end + 1);
  if (boundary.empty() || body.empty()) return 0;
  const Read once = ReadForm(boundary, body, body.size());
  ALOFT_CHECK(ReadForm(boundary, body, 1u + data[0]) == once);
  return 0;
}
