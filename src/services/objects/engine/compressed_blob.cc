#include "services/objects/engine/compressed_blob.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

namespace aloft::objects {
namespace {

constexpr int kLevel = 3;
// After the pieces: their sizes, 4 bytes each; then the length of the whole, 8 bytes, and this. Little-endian.
constexpr std::string_view kMark = "ALOFTZS1";
constexpr std::size_t kEndBytes = 16;

void AppendLittleEndian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

std::uint64_t ReadLittleEndian(const char* bytes, int count) {
  std::uint64_t value = 0;
  for (int i = count - 1; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

Result<std::string> Compress(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kLevel);
  if (ZSTD_isError(size) != 0) return Fail(kInternal, "The object cannot be compressed", ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

Error Damaged() {
  return Fail(kCorrupt, "The object's bytes are damaged", "a compressed blob cannot be read");
}

class CompressedReader final : public blob::Reader {
 public:
  CompressedReader(std::unique_ptr<blob::Reader> stored, std::uint64_t length, std::vector<std::uint64_t> starts)
      : stored_(std::move(stored)), length_(length), starts_(std::move(starts)) {}

  std::uint64_t size() const override { return length_; }
  std::optional<blob::FileExtent> extent() const override { return std::nullopt; }

  Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    std::size_t done = 0;
    while (done < out.size() && offset + done < length_) {
      std::uint64_t at = offset + done;
      ALOFT_TRY(Load(at / kCompressedPiece));
      std::size_t inside = at % kCompressedPiece;
      std::size_t count = std::min(out.size() - done, piece_.size() - inside);
      std::memcpy(out.data() + done, piece_.data() + inside, count);
      done += count;
    }
    return done;
  }

 private:
  Status Load(std::uint64_t number) {
    if (loaded_ && number_ == number) return {};
    loaded_ = false;
    std::string packed(starts_[number + 1] - starts_[number], '\0');
    ALOFT_ASSIGN(std::size_t count,
                 stored_->Read(starts_[number], {reinterpret_cast<std::uint8_t*>(packed.data()), packed.size()}));
    piece_.resize(std::min<std::uint64_t>(kCompressedPiece, length_ - number * kCompressedPiece));
    std::size_t size = ZSTD_decompress(piece_.data(), piece_.size(), packed.data(), count);
    if (count != packed.size() || ZSTD_isError(size) != 0 || size != piece_.size()) return Damaged();
    number_ = number;
    loaded_ = true;
    return {};
  }

  std::unique_ptr<blob::Reader> stored_;
  std::uint64_t length_;
  std::vector<std::uint64_t> starts_;  // of the pieces, and the end of the last
  std::string piece_;
  std::uint64_t number_ = 0;
  bool loaded_ = false;
};

}  // namespace

bool CompressionPays(ByteView first_bytes) {
  auto packed = Compress(AsText(first_bytes.first(std::min(first_bytes.size(), kCompressedPiece))));
  return packed.ok() && packed->size() < first_bytes.size() / 10 * 9;
}

Status CompressingWriter::Append(ByteView bytes) {
  while (!bytes.empty()) {
    std::size_t count = std::min(bytes.size(), kCompressedPiece - piece_.size());
    piece_ += AsText(bytes.first(count));
    bytes = bytes.subspan(count);
    if (piece_.size() == kCompressedPiece) ALOFT_TRY(Flush());
  }
  return {};
}

Status CompressingWriter::Flush() {
  ALOFT_ASSIGN(std::string packed, Compress(piece_));
  sizes_.push_back(static_cast<std::uint32_t>(packed.size()));
  length_ += piece_.size();
  stored_ += packed.size();
  piece_.clear();
  return writer_->Append(AsBytes(packed));
}

Status CompressingWriter::Commit() {
  if (!piece_.empty()) ALOFT_TRY(Flush());
  std::string end;
  for (std::uint32_t size : sizes_) AppendLittleEndian(end, size, 4);
  AppendLittleEndian(end, length_, 8);
  end += kMark;
  stored_ += end.size();
  ALOFT_TRY(writer_->Append(AsBytes(end)));
  return writer_->Commit();
}

Result<std::unique_ptr<blob::Reader>> OpenCompressed(std::unique_ptr<blob::Reader> stored) {
  auto read = [&](std::uint64_t from, std::size_t size) -> Result<std::string> {
    std::string bytes(size, '\0');
    ALOFT_ASSIGN(std::size_t count, stored->Read(from, {reinterpret_cast<std::uint8_t*>(bytes.data()), size}));
    if (count != size) return Damaged();
    return bytes;
  };
  if (stored->size() < kEndBytes) return Damaged();
  ALOFT_ASSIGN(std::string end, read(stored->size() - kEndBytes, kEndBytes));
  std::uint64_t length = ReadLittleEndian(end.data(), 8);
  std::uint64_t pieces = length / kCompressedPiece + (length % kCompressedPiece != 0 ? 1 : 0);
  if (std::string_view(end).substr(8) != kMark || pieces > stored->size() / 4) return Damaged();
  std::uint64_t table_at = stored->size() - kEndBytes - 4 * pieces;
  ALOFT_ASSIGN(std::string table, read(table_at, 4 * pieces));
  std::vector<std::uint64_t> starts{0};
  for (std::uint64_t i = 0; i < pieces; ++i) starts.push_back(starts.back() + ReadLittleEndian(&table[4 * i], 4));
  if (starts.back() != table_at) return Damaged();
  return std::unique_ptr<blob::Reader>(
      std::make_unique<CompressedReader>(std::move(stored), length, std::move(starts)));
}

}  // namespace aloft::objects
