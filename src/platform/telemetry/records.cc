#include "platform/telemetry/records.h"

#include <bit>
#include <cstring>

namespace aloft::telemetry {
namespace {

// Values: a version byte, then fixed-width little-endian numbers and length-prefixed texts.
constexpr std::uint8_t kVersion = 1;

class ValueWriter {
 public:
  ValueWriter() { bytes_.push_back(static_cast<char>(kVersion)); }
  ValueWriter& U64(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<char>(number >> shift));
    return *this;
  }
  ValueWriter& When(Time time) { return U64(static_cast<std::uint64_t>(ToMicros(time))); }
  // 0 stands for absent: no time that we store is the epoch itself.
  ValueWriter& When(const std::optional<Time>& time) {
    return U64(time ? static_cast<std::uint64_t>(ToMicros(*time)) : 0);
  }
  ValueWriter& Real(double number) { return U64(std::bit_cast<std::uint64_t>(number)); }
  ValueWriter& Text(std::string_view text) {
    U64(text.size());
    bytes_.append(text);
    return *this;
  }
  ValueWriter& Reals(const std::vector<double>& numbers) {
    U64(numbers.size());
    for (double number : numbers) Real(number);
    return *this;
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ValueReader {
 public:
  explicit ValueReader(std::string_view bytes) : rest_(bytes) {
    ok_ = !rest_.empty() && static_cast<std::uint8_t>(rest_[0]) == kVersion;
    if (ok_) rest_.remove_prefix(1);
  }
  std::uint64_t U64() {
    if (!ok_ || rest_.size() < 8) return Broken();
    std::uint64_t number = 0;
    for (int i = 7; i >= 0; --i) number = number << 8 | static_cast<std::uint8_t>(rest_[static_cast<std::size_t>(i)]);
    rest_.remove_prefix(8);
    return number;
  }
  Time When() { return FromMicros(static_cast<std::int64_t>(U64())); }
  std::optional<Time> MaybeWhen() {
    Time time = When();
    return ToMicros(time) == 0 ? std::nullopt : std::optional(time);
  }
  double Real() { return std::bit_cast<double>(U64()); }
  std::string Text() {
    std::uint64_t size = U64();
    if (!ok_ || rest_.size() < size) return Broken(), std::string();
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  std::vector<double> Reals() {
    std::uint64_t size = U64();
    if (!ok_ || rest_.size() / 8 < size) return Broken(), std::vector<double>();
    std::vector<double> numbers;
    numbers.reserve(size);
    for (std::uint64_t i = 0; i < size; ++i) numbers.push_back(Real());
    return numbers;
  }
  template <class T>
  Result<T> Finish(T value, const char* what) {
    if (!ok_ || !rest_.empty()) return Fail(kCorrupt, "A stored telemetry record cannot be read", what);
    return value;
  }

 private:
  std::uint64_t Broken() {
    ok_ = false;
    return 0;
  }
  std::string_view rest_;
  bool ok_;
};

}  // namespace

KeyWriter& KeyWriter::TextPrefix(std::string_view text) {
  for (char c : text) {
    key_.push_back(c);
    if (c == '\0') key_.push_back('\xFF');
  }
  return *this;
}

KeyWriter& KeyWriter::Text(std::string_view text) {
  TextPrefix(text);
  key_.append("\0\1", 2);
  return *this;
}

KeyWriter& KeyWriter::Number(std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key_.push_back(static_cast<char>(number >> shift));
  return *this;
}

std::string KeyReader::Text() {
  std::string text;
  while (ok_) {
    std::size_t zero = rest_.find('\0');
    if (zero == std::string_view::npos || zero + 1 >= rest_.size()) break;
    char mark = rest_[zero + 1];
    text.append(rest_.substr(0, zero));
    rest_.remove_prefix(zero + 2);
    if (mark == '\1') return text;
    text.push_back('\0');
  }
  ok_ = false;
  return {};
}

std::uint64_t KeyReader::Number() {
  if (!ok_ || rest_.size() < 8) {
    ok_ = false;
    return 0;
  }
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<std::uint8_t>(rest_[i]);
  rest_.remove_prefix(8);
  return number;
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

std::string ScopeKey(const Scope& scope) {
  return KeyWriter().Text(scope.account.value()).Text(scope.region.value()).Take();
}

std::string GroupKey(const Scope& scope, std::string_view group) {
  return KeyWriter(ScopeKey(scope)).Text(group).Take();
}

std::string Encode(const GroupRecord& record) {
  return ValueWriter()
      .When(record.created)
      .U64(record.generation)
      .U64(static_cast<std::uint64_t>(record.retention_days.value_or(0)))
      .Text(record.log_group_class)
      .Take();
}

Result<GroupRecord> DecodeGroup(std::string_view bytes) {
  ValueReader reader(bytes);
  GroupRecord record;
  record.created = reader.When();
  record.generation = reader.U64();
  if (std::uint64_t days = reader.U64()) record.retention_days = static_cast<int>(days);
  record.log_group_class = reader.Text();
  return reader.Finish(std::move(record), "log group");
}

std::string Encode(const StreamRecord& record) {
  return ValueWriter()
      .When(record.created)
      .U64(record.generation)
      .When(record.first_event)
      .When(record.last_event)
      .When(record.last_ingestion)
      .U64(record.stored_bytes)
      .U64(record.next_sequence)
      .U64(record.acknowledged)
      .Take();
}

Result<StreamRecord> DecodeStream(std::string_view bytes) {
  ValueReader reader(bytes);
  StreamRecord record;
  record.created = reader.When();
  record.generation = reader.U64();
  record.first_event = reader.MaybeWhen();
  record.last_event = reader.MaybeWhen();
  record.last_ingestion = reader.MaybeWhen();
  record.stored_bytes = reader.U64();
  record.next_sequence = reader.U64();
  record.acknowledged = reader.U64();
  return reader.Finish(std::move(record), "log stream");
}

std::string Encode(const EventRecord& record) {
  return ValueWriter().When(record.ingestion).Text(record.message).Take();
}

Result<EventRecord> DecodeEvent(std::string_view bytes) {
  ValueReader reader(bytes);
  EventRecord record;
  record.ingestion = reader.When();
  record.message = reader.Text();
  return reader.Finish(std::move(record), "log event");
}

std::string Encode(const PointRecord& record) {
  return ValueWriter()
      .Text(record.unit)
      .Real(record.statistics.sample_count)
      .Real(record.statistics.sum)
      .Real(record.statistics.minimum)
      .Real(record.statistics.maximum)
      .Reals(record.values)
      .Reals(record.counts)
      .Take();
}

Result<PointRecord> DecodePoint(std::string_view bytes) {
  ValueReader reader(bytes);
  PointRecord record;
  record.unit = reader.Text();
  record.statistics.sample_count = reader.Real();
  record.statistics.sum = reader.Real();
  record.statistics.minimum = reader.Real();
  record.statistics.maximum = reader.Real();
  record.values = reader.Reals();
  record.counts = reader.Reals();
  return reader.Finish(std::move(record), "metric point");
}

std::string Encode(const SeriesRecord& record) {
  return ValueWriter().When(record.last_seen).Take();
}

Result<SeriesRecord> DecodeSeries(std::string_view bytes) {
  ValueReader reader(bytes);
  SeriesRecord record{reader.When()};
  return reader.Finish(record, "metric series");
}

}  // namespace aloft::telemetry
