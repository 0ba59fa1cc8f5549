#include "app/cli/objects/object_digest.h"

#include <algorithm>
#include <charconv>

namespace aloft::app {

void ObjectDigest::Update(ByteView bytes) {
  whole_.Update(bytes);
  while (parts_ < part_sizes_.size() && !bytes.empty()) {
    std::size_t count = std::min<std::uint64_t>(bytes.size(), part_sizes_[parts_] - in_part_);
    part_.Update(bytes.first(count));
    bytes = bytes.subspan(count);
    in_part_ += count;
    if (in_part_ < part_sizes_[parts_]) continue;
    part_digests_ += part_.Finish();
    ++parts_;
    in_part_ = 0;
  }
}

std::string ObjectDigest::Whole() {
  return HexEncode(AsBytes(whole_.Finish()));
}

std::string ObjectDigest::Composite() {
  return HexEncode(AsBytes(crypto::Md5(part_digests_))) + "-" + std::to_string(parts_);
}

std::string CompositeOf(const std::vector<std::string>& etags) {
  std::string raw;
  for (const auto& etag : etags) raw += HexDecode(etag).value_or(std::string());
  return HexEncode(AsBytes(crypto::Md5(raw))) + "-" + std::to_string(etags.size());
}

bool LooksLikeMd5(std::string_view etag) {
  return etag.size() == 32 && HexDecode(etag).has_value();
}

int PartsOf(std::string_view etag) {
  if (etag.size() < 34 || etag[32] != '-' || !LooksLikeMd5(etag.substr(0, 32))) return 0;
  int parts = 0;
  auto [end, error] = std::from_chars(etag.data() + 33, etag.data() + etag.size(), parts);
  return error == std::errc() && end == etag.data() + etag.size() ? parts : 0;
}

}  // namespace aloft::app
