#include "platform/telemetry/filter_pattern.h"

#include <gtest/gtest.h>

#include "platform/telemetry/errors.h"

namespace aloft::telemetry {
namespace {

bool Matches(std::string_view pattern, std::string_view message) {
  auto parsed = FilterPattern::Parse(pattern);
  EXPECT_TRUE(parsed.ok()) << Describe(parsed.error());
  return parsed.ok() && parsed->Matches(message);
}

// The documented examples of CloudWatch's unstructured patterns.
TEST(FilterPattern, Terms) {
  EXPECT_TRUE(Matches("", "anything"));
  EXPECT_TRUE(Matches("ERROR", "[ERROR 400] BAD REQUEST"));
  EXPECT_FALSE(Matches("ERROR", "error"));
  EXPECT_TRUE(Matches("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS"));
  EXPECT_FALSE(Matches("ERROR ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST"));
  EXPECT_TRUE(Matches("?ERROR ?ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST"));
  EXPECT_FALSE(Matches("?WARN ?ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST"));
  EXPECT_TRUE(Matches("\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR"));
  EXPECT_FALSE(Matches("\"SERVER INTERNAL\"", "[ERROR 500] INTERNAL SERVER ERROR"));
  EXPECT_TRUE(Matches("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST"));
  EXPECT_FALSE(Matches("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS"));
  EXPECT_TRUE(Matches("%loss=[0-9.]+%", "epoch 1 loss=0.25"));
  EXPECT_FALSE(Matches("%loss=[0-9.]+%", "epoch 1 loss=x"));
}

// What is not understood is refused, never taken to match everything.
TEST(FilterPattern, Refusals) {
  EXPECT_EQ(FilterPattern::Parse("{ $.level = \"ERROR\" }").error().reason, kUnimplemented);
  EXPECT_EQ(FilterPattern::Parse("[ip, user]").error().reason, kUnimplemented);
  for (const char* pattern : {"\"open", "%open", "%(%", "?", "a -"})
    EXPECT_EQ(FilterPattern::Parse(pattern).error().reason, kInvalidParameter) << pattern;
}

}  // namespace
}  // namespace aloft::telemetry
