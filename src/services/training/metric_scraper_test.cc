#include "services/training/metric_scraper.h"

#include <gtest/gtest.h>

namespace aloft::training {
namespace {

std::vector<shapes::sagemaker::MetricDefinition> Definitions() {
  std::vector<shapes::sagemaker::MetricDefinition> definitions(3);
  definitions[0].name = "train:loss";
  definitions[0].regex = "loss=(.*?);";
  definitions[1].name = "accuracy";
  definitions[1].regex = R"(accuracy:\s*([0-9.eE+-]+))";
  definitions[2].name = "broken";
  definitions[2].regex = "(";
  return definitions;
}

// The documented form: the first group of the expression, as a number; anything else is no metric.
TEST(MetricScraper, Scrapes) {
  MetricScraper scraper(Definitions());
  auto found = scraper.Scrape("epoch 3 loss=0.25; accuracy: 9.5e-1");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "train:loss");
  EXPECT_EQ(found[0].value, 0.25);
  EXPECT_EQ(found[1].value, 0.95);
  EXPECT_EQ(found[1].definition, 1u);
  EXPECT_EQ(scraper.Scrape("loss=+3;")[0].value, 3);
  for (const char* line : {"", "nothing", "loss=abc;", "loss=nan;", "loss=inf;", "loss=1e999;", "loss=1 2;"})
    EXPECT_TRUE(scraper.Scrape(line).empty()) << line;
}

}  // namespace
}  // namespace aloft::training
