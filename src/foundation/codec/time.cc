#include "foundation/codec/time.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "foundation/base/bytes.h"

namespace aloft::codec {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Fields {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
  int micros = 0;
};

Fields Split(Time time) {
  auto day = std::chrono::floor<days>(time);
  std::chrono::year_month_day date(day);
  auto rest = (time - day).count();
  Fields fields;
  fields.year = int(date.year());
  fields.month = int(unsigned(date.month()));
  fields.day = int(unsigned(date.day()));
  fields.micros = int(rest % 1'000'000);
  auto seconds = rest / 1'000'000;
  fields.hour = int(seconds / 3600);
  fields.minute = int(seconds / 60 % 60);
  fields.second = int(seconds % 60);
  return fields;
}

std::optional<Time> Join(const Fields& fields, int offset_minutes = 0) {
  std::chrono::year_month_day date{std::chrono::year(fields.year), std::chrono::month(unsigned(fields.month)),
                                   std::chrono::day(unsigned(fields.day))};
  // 60 is a leap second; it counts as the first of the next minute.
  if (!date.ok() || fields.year < 1 || fields.year > 9999 || fields.hour > 23 || fields.minute > 59 ||
      fields.second > 60)
    return std::nullopt;
  return Time(sys_days(date).time_since_epoch()) + std::chrono::hours(fields.hour) +
         std::chrono::minutes(fields.minute - offset_minutes) + std::chrono::seconds(fields.second) +
         std::chrono::microseconds(fields.micros);
}

// Reads pieces off the front of a text; the first failure sticks.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  int Number(std::size_t digits) {
    if (text_.size() < digits) return Bad();
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return Bad();
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  bool Accept(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void Expect(std::string_view literal) {
    if (!text_.starts_with(literal))
      Bad();
    else
      text_.remove_prefix(literal.size());
  }
  // Up to six digits count, more are dropped.
  int Fraction() {
    int value = 0;
    int digits = 0;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      if (digits < 6) value = value * 10 + (text_.front() - '0');
      ++digits;
      text_.remove_prefix(1);
    }
    if (digits == 0) return Bad();
    for (; digits < 6; ++digits) value *= 10;
    return value;
  }
  int Month() {
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      if (text_.starts_with(kMonths[i])) {
        text_.remove_prefix(3);
        return int(i) + 1;
      }
    }
    return Bad();
  }
  // +hh:mm or +hhmm, in minutes.
  int Offset() {
    int sign = Accept('-') ? -1 : 1;
    if (sign == 1 && !Accept('+')) return Bad();
    int hours = Number(2);
    Accept(':');
    int minutes = Number(2);
    if (hours > 23 || minutes > 59) return Bad();
    return sign * (hours * 60 + minutes);
  }
  void SkipTo(char c) {
    auto at = text_.find(c);
    if (at == std::string_view::npos)
      Bad();
    else
      text_.remove_prefix(at);
  }
  bool empty() const { return text_.empty(); }
  bool ok() const { return ok_; }
  char front() const { return text_.empty() ? '\0' : text_.front(); }

 private:
  int Bad() {
    ok_ = false;
    text_ = {};
    return 0;
  }
  std::string_view text_;
  bool ok_ = true;
};

void ReadClock(Scanner& scanner, Fields& fields) {
  fields.hour = scanner.Number(2);
  scanner.Expect(":");
  fields.minute = scanner.Number(2);
  scanner.Expect(":");
  fields.second = scanner.Number(2);
}

template <class... Arguments>
std::string Print(const char* format, Arguments... arguments) {
  char buffer[96];
  int length = std::snprintf(buffer, sizeof(buffer), format, arguments...);
  return std::string(buffer, std::size_t(length));
}

}  // namespace

std::string FormatIso8601Millis(Time time) {
  Fields f = Split(time);
  return Print("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", f.year, f.month, f.day, f.hour, f.minute, f.second,
               f.micros / 1000);
}

// Written by hand: every audit record and many answers have one, and snprintf costs more than the rest of a record.
std::string FormatIso8601(Time time) {
  Fields f = Split(time);
  if (f.year < 0 || f.year > 9999)
    return Print("%04d-%02d-%02dT%02d:%02d:%02dZ", f.year, f.month, f.day, f.hour, f.minute, f.second);
  std::string out = "0000-00-00T00:00:00Z";
  auto put = [&](std::size_t at, int value) {
    out[at] = static_cast<char>('0' + value / 10);
    out[at + 1] = static_cast<char>('0' + value % 10);
  };
  put(0, f.year / 100);
  put(2, f.year % 100);
  put(5, f.month);
  put(8, f.day);
  put(11, f.hour);
  put(14, f.minute);
  put(17, f.second);
  return out;
}

std::string FormatBasic(Time time) {
  Fields f = Split(time);
  return Print("%04d%02d%02dT%02d%02d%02dZ", f.year, f.month, f.day, f.hour, f.minute, f.second);
}

std::string FormatHttpDate(Time time) {
  Fields f = Split(time);
  auto weekday = std::chrono::weekday(std::chrono::floor<days>(time)).c_encoding();
  return Print("%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[weekday], f.day, kMonths[std::size_t(f.month - 1)].data(),
               f.year, f.hour, f.minute, f.second);
}

std::optional<Time> ParseIso8601(std::string_view text) {
  Scanner scanner(text);
  Fields fields;
  fields.year = scanner.Number(4);
  scanner.Expect("-");
  fields.month = scanner.Number(2);
  scanner.Expect("-");
  fields.day = scanner.Number(2);
  int offset = 0;
  if (scanner.ok() && !scanner.empty()) {
    if (!scanner.Accept('T') && !scanner.Accept('t') && !scanner.Accept(' ')) return std::nullopt;
    ReadClock(scanner, fields);
    if (scanner.Accept('.')) fields.micros = scanner.Fraction();
    if (!scanner.empty() && !scanner.Accept('Z') && !scanner.Accept('z')) offset = scanner.Offset();
  }
  if (!scanner.ok() || !scanner.empty()) return std::nullopt;
  return Join(fields, offset);
}

std::optional<Time> ParseBasic(std::string_view text) {
  Scanner scanner(text);
  Fields fields;
  fields.year = scanner.Number(4);
  fields.month = scanner.Number(2);
  fields.day = scanner.Number(2);
  scanner.Expect("T");
  fields.hour = scanner.Number(2);
  fields.minute = scanner.Number(2);
  fields.second = scanner.Number(2);
  scanner.Expect("Z");
  if (!scanner.ok() || !scanner.empty()) return std::nullopt;
  return Join(fields);
}

std::optional<Time> ParseHttpDate(std::string_view text) {
  text = Trim(text);
  Scanner scanner(text);
  Fields fields;
  int offset = 0;
  auto comma = text.find(',');
  if (comma == std::string_view::npos) {  // asctime: Sun Nov  6 08:49:37 1994
    scanner.SkipTo(' ');
    scanner.Expect(" ");
    fields.month = scanner.Month();
    scanner.Expect(" ");
    fields.day = scanner.Accept(' ') ? scanner.Number(1) : scanner.Number(2);
    scanner.Expect(" ");
    ReadClock(scanner, fields);
    scanner.Expect(" ");
    fields.year = scanner.Number(4);
    if (!scanner.ok() || !scanner.empty()) return std::nullopt;
    return Join(fields);
  }
  scanner.SkipTo(',');
  scanner.Expect(", ");
  fields.day = scanner.Number(2);
  bool rfc850 = scanner.Accept('-');
  if (!rfc850) scanner.Expect(" ");
  fields.month = scanner.Month();
  scanner.Expect(rfc850 ? "-" : " ");
  fields.year = scanner.Number(rfc850 ? 2 : 4);
  if (rfc850) fields.year += fields.year < 70 ? 2000 : 1900;
  scanner.Expect(" ");
  ReadClock(scanner, fields);
  scanner.Expect(" ");
  if (scanner.front() == '+' || scanner.front() == '-')
    offset = scanner.Offset();
  else if (scanner.front() == 'U')
    scanner.Expect("UTC");
  else
    scanner.Expect("GMT");
  if (!scanner.ok() || !scanner.empty()) return std::nullopt;
  return Join(fields, offset);
}

double ToEpochSeconds(Time time) {
  return double(ToMicros(time)) / 1e6;
}

std::optional<Time> FromEpochSeconds(double seconds) {
  // 0001-01-01 and 10000-01-01.
  if (!(seconds >= -62135596800.0 && seconds < 253402300800.0)) return std::nullopt;
  return FromMicros(std::llround(seconds * 1e6));
}

}  // namespace aloft::codec
