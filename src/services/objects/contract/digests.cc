#include "services/objects/contract/digests.h"

#include "foundation/codec/base64.h"
#include "foundation/crypto/crc.h"

namespace aloft::objects {
namespace {

std::uint64_t CrcValue(std::string_view bytes) {
  std::uint64_t value = 0;
  for (char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

std::string CrcText(ChecksumAlgorithm algorithm, std::uint64_t crc) {
  std::string bytes = algorithm == ChecksumAlgorithm::kCrc64Nvme ? crypto::CrcBytes(crc)
                                                                 : crypto::CrcBytes(static_cast<std::uint32_t>(crc));
  return codec::Base64Encode(bytes);
}

std::uint64_t Combine(ChecksumAlgorithm algorithm, std::uint64_t a, std::uint64_t b, std::uint64_t length) {
  auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  switch (algorithm) {
    case ChecksumAlgorithm::kCrc32: return crypto::Crc32Combine(low(a), low(b), length);
    case ChecksumAlgorithm::kCrc32c: return crypto::Crc32cCombine(low(a), low(b), length);
    default: return crypto::Crc64NvmeCombine(a, b, length);
  }
}

}  // namespace

std::string_view ToString(ChecksumAlgorithm algorithm) {
  switch (algorithm) {
    case ChecksumAlgorithm::kNone: return "";
    case ChecksumAlgorithm::kCrc32: return "CRC32";
    case ChecksumAlgorithm::kCrc32c: return "CRC32C";
    case ChecksumAlgorithm::kCrc64Nvme: return "CRC64NVME";
    case ChecksumAlgorithm::kSha1: return "SHA1";
    case ChecksumAlgorithm::kSha256: return "SHA256";
  }
  return "";
}

std::optional<ChecksumAlgorithm> ParseChecksumAlgorithm(std::string_view name) {
  for (auto algorithm : {ChecksumAlgorithm::kCrc32, ChecksumAlgorithm::kCrc32c, ChecksumAlgorithm::kCrc64Nvme,
                         ChecksumAlgorithm::kSha1, ChecksumAlgorithm::kSha256})
    if (EqualsIgnoreCase(ToString(algorithm), name)) return algorithm;
  return std::nullopt;
}

std::size_t ChecksumBytes(ChecksumAlgorithm algorithm) {
  switch (algorithm) {
    case ChecksumAlgorithm::kNone: return 0;
    case ChecksumAlgorithm::kCrc32:
    case ChecksumAlgorithm::kCrc32c: return 4;
    case ChecksumAlgorithm::kCrc64Nvme: return 8;
    case ChecksumAlgorithm::kSha1: return 20;
    case ChecksumAlgorithm::kSha256: return 32;
  }
  return 0;
}

bool IsCrc(ChecksumAlgorithm algorithm) {
  return algorithm == ChecksumAlgorithm::kCrc32 || algorithm == ChecksumAlgorithm::kCrc32c ||
         algorithm == ChecksumAlgorithm::kCrc64Nvme;
}

Digester::Digester(ChecksumAlgorithm algorithm) : algorithm_(algorithm), md5_(crypto::Digest::kMd5) {
  if (algorithm == ChecksumAlgorithm::kSha1) sha_.emplace(crypto::Digest::kSha1);
  if (algorithm == ChecksumAlgorithm::kSha256) sha_.emplace(crypto::Digest::kSha256);
}

void Digester::Update(ByteView bytes) {
  md5_.Update(bytes);
  switch (algorithm_) {
    case ChecksumAlgorithm::kNone: break;
    case ChecksumAlgorithm::kCrc32: crc_ = crypto::Crc32(static_cast<std::uint32_t>(crc_), bytes); break;
    case ChecksumAlgorithm::kCrc32c: crc_ = crypto::Crc32c(static_cast<std::uint32_t>(crc_), bytes); break;
    case ChecksumAlgorithm::kCrc64Nvme: crc_ = crypto::Crc64Nvme(crc_, bytes); break;
    case ChecksumAlgorithm::kSha1:
    case ChecksumAlgorithm::kSha256: sha_->Update(bytes); break;
  }
}

Digester::Digests Digester::Finish() {
  Digests digests;
  digests.md5 = md5_.Finish();
  digests.checksum.algorithm = algorithm_;
  if (IsCrc(algorithm_))
    digests.checksum.value = CrcText(algorithm_, crc_);
  else if (sha_)
    digests.checksum.value = codec::Base64Encode(sha_->Finish());
  return digests;
}

std::string CompositeETag(const std::vector<Part>& parts) {
  crypto::Hash md5(crypto::Digest::kMd5);
  for (const auto& part : parts) md5.Update(HexDecode(part.etag).value_or(""));
  return HexEncode(AsBytes(md5.Finish())) + "-" + std::to_string(parts.size());
}

Checksum JoinChecksums(const std::vector<Part>& parts, ChecksumAlgorithm algorithm, ChecksumType type) {
  Checksum joined{algorithm, type, {}};
  std::string concatenated;
  std::uint64_t crc = 0;
  bool first = true;
  for (const auto& part : parts) {
    auto bytes = codec::Base64Decode(part.checksum.value);
    if (part.checksum.algorithm != algorithm || !bytes || bytes->size() != ChecksumBytes(algorithm)) return {};
    if (type == ChecksumType::kComposite) {
      concatenated += *bytes;
    } else {
      crc = first ? CrcValue(*bytes) : Combine(algorithm, crc, CrcValue(*bytes), part.size);
      first = false;
    }
  }
  if (algorithm == ChecksumAlgorithm::kNone) return {};
  if (type == ChecksumType::kFullObject) {
    if (!IsCrc(algorithm)) return {};
    joined.value = CrcText(algorithm, crc);
    return joined;
  }
  Digester digester(algorithm);
  digester.Update(AsBytes(concatenated));
  joined.value = digester.Finish().checksum.value + "-" + std::to_string(parts.size());
  return joined;
}

}  // namespace aloft::objects
