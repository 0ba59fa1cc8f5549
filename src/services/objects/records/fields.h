// Numbered fields in bytes: <varint: id * 2 + kind> then, kind 0, a varint; kind 1, a varint length and that many
// bytes. The encoding of this room's records.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aloft::objects {

class FieldWriter {
 public:
  // Zero and empty are not written: they are what a reader finds without the field.
  void Number(unsigned id, std::uint64_t value) {
    if (value == 0) return;
    Varint(std::uint64_t{id} * 2);
    Varint(value);
  }
  void Bytes(unsigned id, std::string_view bytes) {
    if (!bytes.empty()) Item(id, bytes);
  }
  // Written even where empty: items of a list.
  void Item(unsigned id, std::string_view bytes) {
    Varint(std::uint64_t{id} * 2 + 1);
    Varint(bytes.size());
    out_ += bytes;
  }
  void Raw(char byte) { out_ += byte; }
  std::string Take() { return std::move(out_); }

 private:
  void Varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  std::string out_;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  // The next field; false at the end and where the bytes are broken.
  bool Next() {
    if (rest_.empty() || !ok_) return false;
    std::uint64_t head = Varint();
    id_ = static_cast<unsigned>(head / 2);
    if (head % 2 == 0) {
      number_ = Varint();
      bytes_ = {};
    } else {
      std::uint64_t length = Varint();
      if (length > rest_.size()) ok_ = false;
      if (!ok_) return false;
      number_ = 0;
      bytes_ = rest_.substr(0, length);
      rest_.remove_prefix(length);
    }
    return ok_;
  }
  unsigned id() const { return id_; }
  std::uint64_t number() const { return number_; }
  std::string_view bytes() const { return bytes_; }
  bool ok() const { return ok_; }

 private:
  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }

  std::string_view rest_;
  std::string_view bytes_;
  std::uint64_t number_ = 0;
  unsigned id_ = 0;
  bool ok_ = true;
};

}  // namespace aloft::objects
