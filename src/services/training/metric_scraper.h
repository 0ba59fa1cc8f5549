// Metric definitions over log lines: the first group of each expression that occurs in a line is a value.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "generated/shapes/sagemaker/training.h"

namespace re2 {
class RE2;
}

namespace aloft::training {

class MetricScraper {
 public:
  struct Found {
    std::string name;
    double value = 0;
    std::size_t definition = 0;  // which of the definitions
  };

  // Definitions whose expression does not compile find nothing: CreateTrainingJob refuses them.
  explicit MetricScraper(const std::vector<shapes::sagemaker::MetricDefinition>& definitions);
  ~MetricScraper();
  MetricScraper(MetricScraper&&) noexcept;

  bool empty() const { return definitions_.empty(); }
  std::vector<Found> Scrape(std::string_view line) const;

 private:
  struct Definition;
  std::vector<Definition> definitions_;
};

}  // namespace aloft::training
