#include "services/training/metric_scraper.h"

#include <re2/re2.h>

#include <charconv>
#include <cmath>

#include "foundation/base/bytes.h"

namespace aloft::training {
namespace {

// Lines are cut at 64 KiB by the task already; an expression over more is not worth its time.
constexpr std::size_t kMaxLine = 64 << 10;

std::optional<double> ParseValue(std::string_view text) {
  text = Trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace

struct MetricScraper::Definition {
  std::string name;
  std::unique_ptr<RE2> expression;
};

MetricScraper::MetricScraper(const std::vector<shapes::sagemaker::MetricDefinition>& definitions) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(4 << 20);
  for (const auto& definition : definitions)
    definitions_.push_back(
        {definition.name.value_or(""), std::make_unique<RE2>(definition.regex.value_or(""), options)});
}
MetricScraper::~MetricScraper() = default;
MetricScraper::MetricScraper(MetricScraper&&) noexcept = default;

std::vector<MetricScraper::Found> MetricScraper::Scrape(std::string_view line) const {
  std::vector<Found> found;
  re2::StringPiece text(line.data(), std::min(line.size(), kMaxLine));
  for (std::size_t i = 0; i < definitions_.size(); ++i) {
    const RE2& expression = *definitions_[i].expression;
    if (!expression.ok() || expression.NumberOfCapturingGroups() < 1) continue;
    re2::StringPiece group[2];
    if (!expression.Match(text, 0, text.size(), RE2::UNANCHORED, group, 2)) continue;
    if (std::optional<double> value = ParseValue({group[1].data(), group[1].size()}))
      found.push_back({definitions_[i].name, *value, i});
  }
  return found;
}

}  // namespace aloft::training
