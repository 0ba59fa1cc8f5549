#include "foundation/codec/cron.h"

#include <array>
#include <charconv>
#include <span>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/codec/errors.h"
#include "foundation/codec/time.h"

namespace aloft::codec {
namespace {

constexpr std::array<std::string_view, 13> kMonths = {"",    "jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 8> kWeekdays = {"", "sun", "mon", "tue", "wed", "thu", "fri", "sat"};

Error Malformed(std::string_view field, std::string_view text) {
  std::string message = "The schedule's field ";
  message.append(field).append(" cannot be read: ").append(text);
  return Fail(kMalformedText, std::move(message));
}

// What a field may hold.
struct Field {
  std::string_view name;
  int low, high;
  std::span<const std::string_view> names{};  // by value
};

std::optional<int> ParseValue(const Field& field, std::string_view text) {
  for (std::size_t i = 0; i < field.names.size(); ++i) {
    if (!field.names[i].empty() && ToLower(text) == field.names[i]) return static_cast<int>(i);
  }
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < field.low || value > field.high) return std::nullopt;
  return value;
}

// One item of a list: "*", "5", "5-10", each with "/step". Calls `set` with every value.
template <class Set>
bool ParseItem(const Field& field, std::string_view item, Set set) {
  int step = 1;
  bool stepped = false;
  if (std::size_t slash = item.find('/'); slash != std::string_view::npos) {
    std::string_view text = item.substr(slash + 1);
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
    if (error != std::errc() || end != text.data() + text.size() || step < 1) return false;
    item = item.substr(0, slash);
    stepped = true;
  }
  int first = field.low, last = field.high;
  if (item != "*") {
    std::size_t dash = item.find('-');
    std::optional<int> from = ParseValue(field, item.substr(0, dash));
    if (!from) return false;
    first = *from;
    last = stepped ? field.high : first;
    if (dash != std::string_view::npos) {
      std::optional<int> to = ParseValue(field, item.substr(dash + 1));
      if (!to || *to < first) return false;
      last = *to;
    }
  }
  for (int value = first; value <= last; value += step) set(value);
  return true;
}

template <std::size_t N>
Status ParseField(const Field& field, std::string_view text, int base, std::bitset<N>& out) {
  for (std::string_view item : Split(text, ',')) {
    bool read = ParseItem(field, item, [&](int value) { out.set(static_cast<std::size_t>(value - base)); });
    if (!read) return Malformed(field.name, text);
  }
  return {};
}

Result<Schedule> ParseCron(std::string_view text) {
  std::vector<std::string_view> fields;
  for (std::string_view part : Split(text, ' ')) {
    if (!part.empty()) fields.push_back(part);
  }
  if (fields.size() != 6) return Malformed("count: cron needs six", text);
  Schedule schedule;
  schedule.kind = Schedule::Kind::kCron;
  ALOFT_TRY(ParseField({"minutes", 0, 59}, fields[0], 0, schedule.minutes));
  ALOFT_TRY(ParseField({"hours", 0, 23}, fields[1], 0, schedule.hours));
  bool any_day = fields[2] == "?", any_weekday = fields[4] == "?";
  if (any_day == any_weekday) return Malformed("day of month, day of week: exactly one of them is '?'", text);
  if (any_day) {
    schedule.days.set();
  } else if (fields[2] == "L") {
    schedule.last_day = true;
  } else {
    ALOFT_TRY(ParseField({"day of month", 1, 31}, fields[2], 0, schedule.days));
  }
  ALOFT_TRY(ParseField({"month", 1, 12, kMonths}, fields[3], 0, schedule.months));
  if (any_weekday) {
    schedule.weekdays.set();
  } else {
    ALOFT_TRY(ParseField({"day of week", 1, 7, kWeekdays}, fields[4], 0, schedule.weekdays));
  }
  ALOFT_TRY(ParseField({"year", 1970, 2199}, fields[5], Schedule::kFirstYear, schedule.years));
  return schedule;
}

Result<Schedule> ParseRate(std::string_view text) {
  std::size_t space = text.find(' ');
  int count = 0;
  std::string_view number = text.substr(0, space);
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
  if (space == std::string_view::npos || error != std::errc() || end != number.data() + number.size() || count < 1 ||
      count > 1'000'000) {
    return Malformed("rate", text);
  }
  std::string_view unit = text.substr(space + 1);
  if (unit.ends_with('s')) unit.remove_suffix(1);
  Schedule schedule;
  schedule.kind = Schedule::Kind::kRate;
  int minutes = unit == "minute" ? 1 : unit == "hour" ? 60 : unit == "day" ? 1440 : 0;
  if (minutes == 0) return Malformed("rate", text);
  schedule.rate = std::chrono::minutes(count) * minutes;
  return schedule;
}

std::optional<Time> NextCron(const Schedule& schedule, Time after) {
  using namespace std::chrono;  // NOLINT(google-build-using-namespace): calendars
  Time start = ceil<minutes>(after + microseconds(1));
  sys_days day = floor<days>(start);
  auto minute_of_day = duration_cast<minutes>(start - day).count();
  // Every pattern that names a day at all names one within eight years (29 February), or has no year left.
  for (int looked = 0; looked < 366 * 8 + 2; ++looked, day += days(1), minute_of_day = 0) {
    year_month_day date(day);
    int year = static_cast<int>(date.year()) - Schedule::kFirstYear;
    if (year < 0 || year >= static_cast<int>(schedule.years.size())) return std::nullopt;
    if ((schedule.years >> static_cast<std::size_t>(year)).none()) return std::nullopt;
    if (!schedule.years[static_cast<std::size_t>(year)]) {
      // The next year's first day; years that were left out do not count as looked at.
      day = sys_days((date.year() + years(1)) / January / 1) - days(1);
      looked = 0;
      continue;
    }
    bool last = schedule.last_day && date.day() == (date.year() / date.month() / std::chrono::last).day();
    if (!schedule.months[static_cast<unsigned>(date.month())]) continue;
    if (!last && !schedule.days[static_cast<unsigned>(date.day())]) continue;
    if (!schedule.weekdays[weekday(day).c_encoding() + 1]) continue;
    for (auto minute = minute_of_day; minute < 24 * 60; ++minute) {
      if (!schedule.hours[static_cast<std::size_t>(minute / 60)]) continue;
      if (schedule.minutes[static_cast<std::size_t>(minute % 60)]) return Time(day + minutes(minute));
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Schedule> ParseSchedule(std::string_view text) {
  auto inside = [&](std::string_view name) -> std::optional<std::string_view> {
    if (!text.starts_with(name) || !text.ends_with(')')) return std::nullopt;
    return text.substr(name.size(), text.size() - name.size() - 1);
  };
  if (auto at = inside("at(")) {
    std::optional<Time> time = ParseIso8601(*at);
    if (!time) return Malformed("at", *at);
    Schedule schedule;
    schedule.at = *time;
    return schedule;
  }
  if (auto rate = inside("rate(")) return ParseRate(*rate);
  if (auto cron = inside("cron(")) return ParseCron(*cron);
  return Malformed("kind: at(...), rate(...) or cron(...)", text);
}

std::optional<Time> NextAfter(const Schedule& schedule, Time after, Time origin) {
  switch (schedule.kind) {
    case Schedule::Kind::kAt: return schedule.at > after ? std::optional(schedule.at) : std::nullopt;
    case Schedule::Kind::kRate: {
      if (after < origin) return origin + schedule.rate;
      auto passed = (after - origin) / std::chrono::microseconds(schedule.rate);
      return origin + (passed + 1) * std::chrono::microseconds(schedule.rate);
    }
    case Schedule::Kind::kCron: return NextCron(schedule, after);
  }
  return std::nullopt;
}

}  // namespace aloft::codec
