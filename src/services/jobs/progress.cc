#include "services/jobs/progress.h"

#include <charconv>
#include <vector>

namespace aloft::jobs {
namespace {

constexpr std::size_t kMaxLine = 4096;

struct Pair {
  double done = 0, total = 0;
};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsWordCharacter(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// The number that begins here, which nothing of a path, a date or a decimal stands beside.
std::optional<double> WholeNumber(std::string_view text, std::size_t& at) {
  std::size_t end = at;
  while (end < text.size() && IsDigit(text[end])) ++end;
  if (end == at || end - at > 12) return std::nullopt;
  double value = 0;
  std::from_chars(text.data() + at, text.data() + end, value);
  at = end;
  return value;
}

bool BreaksBefore(std::string_view text, std::size_t at) {
  return at == 0 || !(IsWordCharacter(text[at - 1]) || text[at - 1] == '.' || text[at - 1] == '/' ||
                      text[at - 1] == '-' || text[at - 1] == '+');
}

bool BreaksAfter(std::string_view text, std::size_t at) {
  if (at >= text.size()) return true;
  char next = text[at];
  if (next == '.') return at + 1 >= text.size() || !IsDigit(text[at + 1]);
  return !(IsWordCharacter(next) || next == '/' || next == '-' || next == '%');
}

std::optional<Pair> PairAt(std::string_view text, std::size_t& at) {
  std::size_t end = at;
  auto done = WholeNumber(text, end);
  if (!done) return std::nullopt;
  std::size_t separator = end;
  while (separator < text.size() && text[separator] == ' ') ++separator;
  if (text.substr(separator, 1) == "/")
    end = separator + 1;
  else if (separator > end && text.substr(separator, 3) == "of ")
    end = separator + 3;
  else
    return std::nullopt;
  while (end < text.size() && text[end] == ' ') ++end;
  auto total = WholeNumber(text, end);
  if (!total || *total < 1 || *done > *total || !BreaksAfter(text, end)) return std::nullopt;
  at = end;
  return Pair{*done, *total};
}

std::optional<double> PercentAt(std::string_view text, std::size_t at) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value, std::chars_format::fixed);
  std::size_t after = static_cast<std::size_t>(end - text.data());
  while (after < text.size() && text[after] == ' ') ++after;
  if (error != std::errc() || value < 0 || value > 100 || text.substr(after, 1) != "%") return std::nullopt;
  return value / 100;
}

}  // namespace

std::optional<double> ProgressOf(std::string_view line) {
  line = line.substr(0, kMaxLine);
  std::vector<Pair> pairs;
  std::optional<double> percent;
  for (std::size_t at = 0; at < line.size() && pairs.size() < 2; ++at) {
    if (!IsDigit(line[at]) || !BreaksBefore(line, at)) continue;
    if (!percent) percent = PercentAt(line, at);
    std::size_t end = at;
    if (auto pair = PairAt(line, end)) {
      pairs.push_back(*pair);
      at = end;
    }
  }
  if (pairs.empty()) return percent;
  if (pairs.size() == 1 || pairs[0].done < 1) return pairs[0].done / pairs[0].total;
  return (pairs[0].done - 1 + pairs[1].done / pairs[1].total) / pairs[0].total;
}

}  // namespace aloft::jobs
