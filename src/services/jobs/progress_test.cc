#include "services/jobs/progress.h"

#include <gtest/gtest.h>

namespace aloft::jobs {
namespace {

// What the loops of common frameworks print is understood.
TEST(ProgressTest, CommonFormsAreRead) {
  EXPECT_DOUBLE_EQ(*ProgressOf("Epoch 3/10"), 0.3);
  EXPECT_DOUBLE_EQ(*ProgressOf("[ 12 / 48 ] loss=0.5"), 0.25);
  EXPECT_DOUBLE_EQ(*ProgressOf("step 50 of 200: loss 0.25"), 0.25);
  EXPECT_DOUBLE_EQ(*ProgressOf("epoch 3/10, batch 50/100"), 0.25);
  EXPECT_DOUBLE_EQ(*ProgressOf(" 45.5%|####    | 91/200 [00:12<00:14]"), 0.455);
  EXPECT_DOUBLE_EQ(*ProgressOf("45 % done"), 0.45);
  EXPECT_DOUBLE_EQ(*ProgressOf("10/10."), 1);
}

// What only looks like it is not: dates, paths, versions, decimals, more than all.
TEST(ProgressTest, OtherLinesTellNothing) {
  for (const char* line : {"", "loss=0.5", "2026/11/23 12:00", "/opt/ml/1/2", "v1/2", "0.5/1.0", "11/10", "3/0", "of 5",
                           "200%", "1.2.3/4", "part-1/2", "999999999999999999/9999999999999999999"})
    EXPECT_FALSE(ProgressOf(line)) << line;
}

}  // namespace
}  // namespace aloft::jobs
