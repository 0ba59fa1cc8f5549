#include "platform/audit/event.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "platform/audit/records.h"

namespace aloft::audit {
namespace {

// Error messages quote what was sent, and what was sent may be a secret.
TEST(Event, MessagesLoseTheValuesThatTheyQuote) {
  EXPECT_EQ(WithoutValues("1 validation error detected: Value 'hunter2' at 'password' failed to satisfy"),
            "1 validation error detected: Value at 'password' failed to satisfy");
  EXPECT_EQ(WithoutValues("nothing to hide"), "nothing to hide");
  EXPECT_EQ(WithoutValues("Value 'a' at 'x'; Value 'it's' at 'y' failed"), "Value at 'x'; Value at 'y' failed");
  EXPECT_EQ(WithoutValues("Value 'without an end"), "Value");
}

// AWS's own division, at the places where it is easy to get wrong.
TEST(Event, OperationsAreClassifiedAsOnAws) {
  EXPECT_TRUE(Classify("iam", "ListUsers").read_only);
  EXPECT_TRUE(Classify("sts", "AssumeRole").read_only);
  EXPECT_FALSE(Classify("iam", "CreateUser").read_only);
  EXPECT_FALSE(Classify("iam", "GenerateCredentialReport").read_only);
  EXPECT_FALSE(Classify("x", "Getaway").read_only);
  EXPECT_EQ(Classify("s3", "PutObject").category, Category::kData);
  EXPECT_EQ(Classify("s3", "CreateBucket").category, Category::kManagement);
  EXPECT_EQ(Classify("s3", "PutBucketPolicy").category, Category::kManagement);
  EXPECT_EQ(Classify("sagemaker", "InvokeEndpoint").data_type, "AWS::SageMaker::Endpoint");
  EXPECT_EQ(Classify("sagemaker", "ModelInfer").data_type, "AWS::SageMaker::Endpoint");
  EXPECT_TRUE(Classify("sagemaker", "ModelInfer").read_only);
  EXPECT_EQ(Classify("aloft", "Health").category, Category::kNone);
  EXPECT_EQ(Classify("sagemaker", "ServerLive").category, Category::kNone);
  EXPECT_EQ(ResourceType("arn:aws:s3:::b/k"), "AWS::S3::Object");
  EXPECT_EQ(ResourceType("*"), "");
}

// Parameters may be anything that a client sends: the record stays JSON, and bounded.
TEST(Event, TheRecordIsJsonWhateverIsInIt) {
  Facts facts;
  facts.user_agent = "a\"b\\c\n\xff";
  facts.parameters = R"({"additionalEventData":{"x":1}})";
  std::string record = Opening(facts, "id") + Ending(facts, {.error_code = "E", .error_message = "\""});
  EXPECT_TRUE(codec::ParseJson(record).ok()) << record;
  EXPECT_TRUE(codec::ParseJson(Unanswered(record)).ok());
  facts.parameters = "{\"x\":\"" + std::string(1 << 20, 'x') + "\"}";
  EXPECT_LT(Opening(facts, "id").size(), 2000u);
}

// Formats are bytes that others wrote: nothing but what we write is read.
TEST(Event, StoredFormsRoundTripAndRefuseOthers) {
  RecordName name{true, "123456789012", FromMicros(1234567), std::string(16, 'i')};
  EXPECT_EQ(RecordName::Decode(name.Encode()), name);
  EXPECT_FALSE(RecordName::Decode(name.Encode() + "x"));
  EXPECT_EQ(IdBytes("3f2b6c1e-0000-4000-8000-000000000001").has_value(), true);
  EXPECT_FALSE(IdBytes("3f2b6c1e00004000800000000000000100"));
  Block block{"chain", 7, FromMicros(5), NoHash(), {{name, std::string(32, 'd')}}};
  auto read = Block::Decode(block.Encode());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->entries[0].name, name);
  EXPECT_EQ(read->sequence, 7u);
  std::string bytes = block.Encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(Block::Decode(bytes.substr(0, size)));
  EXPECT_FALSE(Checkpoint::Decode("{}\nff").ok());
  EXPECT_FALSE(Checkpoint::Decode("").ok());
}

}  // namespace
}  // namespace aloft::audit
