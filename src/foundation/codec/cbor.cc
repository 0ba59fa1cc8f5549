#include "foundation/codec/cbor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "foundation/codec/errors.h"
#include "foundation/codec/utf8.h"

namespace aloft::codec {
namespace {

enum Major : unsigned { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };
constexpr unsigned kIndefinite = 31;
constexpr unsigned char kBreak = 0xff;

Error Malformed(std::string_view what) {
  return Fail(kMalformedCbor, "The document is not valid CBOR: " + std::string(what));
}

double FromHalf(std::uint16_t bits) {
  int exponent = (bits >> 10) & 0x1f;
  int mantissa = bits & 0x3ff;
  double value;
  if (exponent == 0)
    value = std::ldexp(mantissa, -24);
  else if (exponent != 31)
    value = std::ldexp(mantissa + 1024, exponent - 25);
  else
    value = mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  return (bits & 0x8000) != 0 ? -value : value;
}

class Parser {
 public:
  Parser(std::string_view bytes, CborLimits limits) : bytes_(bytes), limits_(limits) {}

  Result<CborValue> Document() {
    CborValue value;
    ALOFT_TRY(Item(0, value));
    if (!bytes_.empty()) return Malformed("bytes follow the value");
    return value;
  }

 private:
  struct Head {
    unsigned major = 0;
    unsigned info = 0;
    std::uint64_t argument = 0;
  };

  Result<Head> ReadHead() {
    if (bytes_.empty()) return Malformed("it ends early");
    auto lead = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    Head head;
    head.major = lead >> 5;
    head.info = lead & 0x1f;
    head.argument = head.info;
    if (head.info < 24 || head.info == kIndefinite) return head;
    if (head.info > 27) return Malformed("a reserved length");
    std::size_t width = std::size_t{1} << (head.info - 24);
    if (bytes_.size() < width) return Malformed("it ends early");
    head.argument = 0;
    for (std::size_t i = 0; i < width; ++i)
      head.argument = (head.argument << 8) | static_cast<unsigned char>(bytes_[i]);
    bytes_.remove_prefix(width);
    return head;
  }

  bool AtBreak() {
    if (bytes_.empty() || static_cast<unsigned char>(bytes_.front()) != kBreak) return false;
    bytes_.remove_prefix(1);
    return true;
  }

  Status Take(std::uint64_t length, std::string& out) {
    if (length > bytes_.size()) return Malformed("it ends early");
    out.append(bytes_.substr(0, length));
    bytes_.remove_prefix(length);
    return {};
  }

  Status StringOf(const Head& head, std::string& out) {
    if (head.info != kIndefinite) {
      ALOFT_TRY(Take(head.argument, out));
    } else {
      while (!AtBreak()) {
        ALOFT_ASSIGN(Head piece, ReadHead());
        if (piece.major != head.major || piece.info == kIndefinite) return Malformed("a piece of another kind");
        ALOFT_TRY(Take(piece.argument, out));
      }
    }
    if (head.major == kText && !IsUtf8(out)) return Malformed("a text that is not UTF-8");
    return {};
  }

  // Runs `read` for each element; a definite length larger than the bytes left is refused before anything is reserved.
  template <class Read>
  Status Elements(const Head& head, const Read& read) {
    if (head.info == kIndefinite) {
      while (!AtBreak()) ALOFT_TRY(read());
      return {};
    }
    if (head.argument > bytes_.size()) return Malformed("it ends early");
    for (std::uint64_t i = 0; i < head.argument; ++i) ALOFT_TRY(read());
    return {};
  }

  Status Item(std::size_t depth, CborValue& out) {
    if (depth > limits_.max_depth) return Malformed("it is nested too deeply");
    ALOFT_ASSIGN(Head head, ReadHead());
    if (head.info == kIndefinite && (head.major < kBytes || head.major == kTag))
      return Malformed("a length is missing");
    switch (head.major) {
      case kUnsigned:
        if (head.argument <= std::uint64_t(std::numeric_limits<std::int64_t>::max()))
          out.value = static_cast<std::int64_t>(head.argument);
        else
          out.value = head.argument;
        return {};
      case kNegative:
        if (head.argument > std::uint64_t(std::numeric_limits<std::int64_t>::max()))
          return Malformed("an integer is out of range");
        out.value = -1 - static_cast<std::int64_t>(head.argument);
        return {};
      case kBytes: return StringOf(head, out.value.emplace<CborBytes>().bytes);
      case kText: return StringOf(head, out.value.emplace<std::string>());
      case kArray: {
        auto& items = out.value.emplace<CborArray>();
        return Elements(head, [&] { return Item(depth + 1, items.emplace_back()); });
      }
      case kMap: {
        auto& members = out.value.emplace<CborMap>();
        return Elements(head, [&]() -> Status {
          ALOFT_ASSIGN(Head key, ReadHead());
          if (key.major != kText) return Malformed("a map key is no text");
          auto& member = members.emplace_back();
          ALOFT_TRY(StringOf(key, member.key));
          return Item(depth + 1, member.value);
        });
      }
      case kTag: {
        auto& tag = out.value.emplace<CborTag>();
        tag.tag = head.argument;
        return Item(depth + 1, tag.item.emplace_back());
      }
      default: return Simple(head, out);
    }
  }

  Status Simple(const Head& head, CborValue& out) {
    switch (head.info) {
      case 20: out.value = false; return {};
      case 21: out.value = true; return {};
      case 22: out.value = nullptr; return {};
      case 23: out.value = CborUndefined{}; return {};
      case 25: out.value = FromHalf(static_cast<std::uint16_t>(head.argument)); return {};
      case 26: out.value = double{std::bit_cast<float>(static_cast<std::uint32_t>(head.argument))}; return {};
      case 27: out.value = std::bit_cast<double>(head.argument); return {};
      default: return Malformed("an unknown simple value");
    }
  }

  std::string_view bytes_;
  CborLimits limits_;
};

}  // namespace

Result<CborValue> ParseCbor(std::string_view bytes, CborLimits limits) {
  if (bytes.size() > limits.max_bytes) return Fail(kInputTooLarge, "The CBOR document is too large");
  return Parser(bytes, limits).Document();
}

void WriteCbor(const CborValue& value, std::string& out) {
  CborWriter writer(out);
  struct Visitor {
    CborWriter& writer;
    std::string& out;
    void operator()(std::nullptr_t) const { writer.Null(); }
    void operator()(CborUndefined) const { writer.Undefined(); }
    void operator()(bool flag) const { writer.Bool(flag); }
    void operator()(std::int64_t number) const { writer.Int(number); }
    void operator()(std::uint64_t number) const { writer.Unsigned(number); }
    void operator()(double number) const { writer.Double(number); }
    void operator()(const std::string& text) const { writer.Text(text); }
    void operator()(const CborBytes& bytes) const { writer.Bytes(bytes.bytes); }
    void operator()(const CborArray& items) const {
      writer.Array(items.size());
      for (const auto& item : items) WriteCbor(item, out);
    }
    void operator()(const CborMap& members) const {
      writer.Map(members.size());
      for (const auto& member : members) {
        writer.Text(member.key);
        WriteCbor(member.value, out);
      }
    }
    void operator()(const CborTag& tag) const {
      writer.Tag(tag.tag);
      for (const auto& item : tag.item) WriteCbor(item, out);
    }
  };
  std::visit(Visitor{writer, out}, value.value);
}

void CborWriter::Head(unsigned major, std::uint64_t argument) {
  auto lead = [&](unsigned info) { out_ += static_cast<char>((major << 5) | info); };
  int width = argument < 24 ? 0 : argument <= 0xff ? 1 : argument <= 0xffff ? 2 : argument <= 0xffffffff ? 4 : 8;
  if (width == 0) {
    lead(static_cast<unsigned>(argument));
    return;
  }
  lead(width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27);
  for (int i = width - 1; i >= 0; --i) out_ += static_cast<char>(argument >> (8 * i));
}

CborWriter& CborWriter::Map(std::uint64_t members) {
  Head(kMap, members);
  return *this;
}
CborWriter& CborWriter::Array(std::uint64_t items) {
  Head(kArray, items);
  return *this;
}
CborWriter& CborWriter::Text(std::string_view text) {
  Head(kText, text.size());
  out_ += text;
  return *this;
}
CborWriter& CborWriter::Bytes(std::string_view bytes) {
  Head(kBytes, bytes.size());
  out_ += bytes;
  return *this;
}
CborWriter& CborWriter::Int(std::int64_t value) {
  if (value < 0)
    Head(kNegative, static_cast<std::uint64_t>(-1 - value));
  else
    Head(kUnsigned, static_cast<std::uint64_t>(value));
  return *this;
}
CborWriter& CborWriter::Unsigned(std::uint64_t value) {
  Head(kUnsigned, value);
  return *this;
}
CborWriter& CborWriter::Double(double value) {
  out_ += static_cast<char>(0xfb);
  auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 7; i >= 0; --i) out_ += static_cast<char>(bits >> (8 * i));
  return *this;
}
CborWriter& CborWriter::Bool(bool value) {
  out_ += static_cast<char>(value ? 0xf5 : 0xf4);
  return *this;
}
CborWriter& CborWriter::Null() {
  out_ += static_cast<char>(0xf6);
  return *this;
}
CborWriter& CborWriter::Undefined() {
  out_ += static_cast<char>(0xf7);
  return *this;
}
CborWriter& CborWriter::Tag(std::uint64_t tag) {
  Head(kTag, tag);
  return *this;
}

}  // namespace aloft::codec
