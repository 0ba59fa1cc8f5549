#include "services/serving/routing/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloft::serving {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

const Scope kScope{AccountId("123456789012"), Region("us-east-1")};

class CaptureTest : public testing::Test {
 protected:
  CaptureTest() {
    config_.enable_capture = true;
    config_.destination_s3_uri = "s3://b/p/";
    config_.initial_sampling_percentage = 100;
    config_.capture_options.emplace().emplace_back().capture_mode = "InputAndOutput";
    invocation_.endpoint = "e";
    invocation_.body = "1,2";
    invocation_.content_type = "text/csv; charset=utf-8";
    answer_.content_type = "application/x-npy";
    answer_.body = std::string("\x93\0", 2);
  }

  void Offer(int times = 1) {
    auto plan = CapturePlanOf(config_, "arn:role");
    for (int i = 0; i < times; ++i) capture_.Offer(kScope, "v", *plan, invocation_, answer_);
  }

  shapes::sagemaker::DataCaptureConfig config_;
  Invocation invocation_;
  Answer answer_;
  ManualClock clock_;
  SeededRandom random_{7};
  std::vector<std::pair<std::string, std::string>> stored_;  // URI, body
  Status result_{};
  Capture capture_{[this](const AccountId&, const std::string& role, const std::string& uri, const std::string&,
                          const std::string& body) {
                     EXPECT_EQ(role, "arn:role");
                     stored_.emplace_back(uri, body);
                     return result_;
                   },
                   clock_, random_, Log::Discard()};
};

// The documented line: text as it is, bytes in base 64, one object per flush, nothing where nothing waits.
TEST_F(CaptureTest, Lines) {
  invocation_.inference_id = "id-1";
  Offer(2);
  capture_.Flush();
  capture_.Flush();
  ASSERT_THAT(stored_, SizeIs(1));
  EXPECT_THAT(stored_[0].first, StartsWith("s3://b/p/e/v/"));
  EXPECT_THAT(stored_[0].first, testing::EndsWith(".jsonl"));
  EXPECT_EQ(std::count(stored_[0].second.begin(), stored_[0].second.end(), '\n'), 2);
  EXPECT_THAT(stored_[0].second,
              StartsWith(R"({"captureData":{"endpointInput":{"observedContentType":"text/csv; charset=utf-8",)"
                         R"("mode":"INPUT","data":"1,2","encoding":"CSV"},"endpointOutput":)"
                         R"({"observedContentType":"application/x-npy","mode":"OUTPUT","data":"kwA=",)"
                         R"("encoding":"BASE64"}},"eventMetadata":{"eventId":")"));
  EXPECT_THAT(stored_[0].second, HasSubstr(R"("inferenceId":"id-1")"));
}

// A part of the requests, and only the side that was asked for.
TEST_F(CaptureTest, Sampling) {
  config_.initial_sampling_percentage = 30;
  config_.capture_options->front().capture_mode = "Input";
  Offer(4000);
  capture_.Flush();
  ASSERT_THAT(stored_, SizeIs(1));
  EXPECT_NEAR(static_cast<double>(std::count(stored_[0].second.begin(), stored_[0].second.end(), '\n')), 1200, 150);
  EXPECT_EQ(stored_[0].second.find("endpointOutput"), std::string::npos);
}

// What waits is bounded, and a store that refuses neither keeps it nor stops what follows.
TEST_F(CaptureTest, Bounded) {
  invocation_.body.assign(1 << 20, 'x');
  Offer(40);
  EXPECT_GT(capture_.dropped(), 0u);
  result_ = Fail(kUnavailable, "no store");
  capture_.Flush();
  EXPECT_EQ(capture_.dropped(), 0u);
  result_ = {};
  Offer(10);
  EXPECT_EQ(capture_.dropped(), 0u);
  capture_.Flush();
  EXPECT_THAT(stored_, SizeIs(2));
}

// A destination that is none, or what is not built, is refused when the configuration is made.
TEST_F(CaptureTest, Refusals) {
  EXPECT_TRUE(CheckCapture(config_).ok());
  config_.destination_s3_uri = "b/p";
  EXPECT_EQ(CheckCapture(config_).error().reason.name, std::string_view("BadEndpointConfig"));
  config_.destination_s3_uri = "s3://b";
  config_.kms_key_id = "k";
  EXPECT_THAT(CheckCapture(config_).error().message, HasSubstr("KmsKeyId"));
  config_.enable_capture = false;
  EXPECT_TRUE(CheckCapture(config_).ok());
  EXPECT_EQ(CapturePlanOf(config_, ""), nullptr);
}

}  // namespace
}  // namespace aloft::serving
