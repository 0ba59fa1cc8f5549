// Configurations: what S3 takes is taken and comes back whole, what it refuses is refused in its words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/aws/s3_documents/checks.h"
#include "api/aws/s3_documents/errors.h"
#include "api/aws/s3_documents/schemas.h"

namespace aloft::api::s3::documents {
namespace {

using ::testing::HasSubstr;

using Check = Status (*)(codec::XmlElement&);

// The refusal's reason, or "" where the document is fine.
std::string Refusal(const std::string& text, const XmlRule& schema, Check check) {
  auto root = ReadXml(text, schema);
  if (!root.ok()) return std::string(root.error().reason.name);
  auto status = check == nullptr ? Status() : check(*root);
  return status.ok() ? "" : std::string(status.error().reason.name);
}

std::string Lifecycle(const std::string& rule) {
  return Refusal("<LifecycleConfiguration><Rule>" + rule + "</Rule></LifecycleConfiguration>", kLifecycleSchema,
                 CheckLifecycle);
}

// A schema that let unknown elements pass would store wishes that nobody reads.
TEST(SchemaTest, RefusesWhatItDoesNotKnow) {
  const std::string rule = "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>";
  auto cors = [&](const std::string& more) {
    return Refusal("<CORSConfiguration>" + rule + more + "</CORSRule></CORSConfiguration>", kCorsSchema, CheckCors);
  };
  EXPECT_EQ(cors(""), "");
  EXPECT_EQ(cors("<MaxAgeSeconds>9</MaxAgeSeconds>"), "");
  EXPECT_EQ(cors("<MaxAgeSeconds>9</MaxAgeSeconds><MaxAgeSeconds>9</MaxAgeSeconds>"), kMalformedXml.name);
  EXPECT_EQ(cors("<MaxAgeSeconds>-1</MaxAgeSeconds>"), kMalformedXml.name);
  EXPECT_EQ(cors("<Unknown/>"), kMalformedXml.name);
  EXPECT_EQ(cors("<AllowedMethod>PATCH</AllowedMethod>"), kInvalidRequest.name);
  EXPECT_EQ(cors("<AllowedOrigin>a*b*</AllowedOrigin>"), kInvalidRequest.name);
  EXPECT_EQ(Refusal("<CORSConfiguration/>", kCorsSchema, CheckCors), kMalformedXml.name);
  EXPECT_EQ(Refusal("no xml", kCorsSchema, CheckCors), kMalformedXml.name);
}

// What is stored is what Get answers: nothing lost, markup escaped.
TEST(SchemaTest, WritesWhatItRead) {
  auto root =
      ReadXml("<Tagging xmlns=\"x\"><TagSet><Tag><Key>a&amp;b</Key><Value/></Tag></TagSet></Tagging>", kTaggingSchema);
  ASSERT_TRUE(root.ok());
  EXPECT_THAT(WriteXml(*root), HasSubstr("<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet><Tag><Key>"
                                         "a&amp;b</Key><Value/></Tag></TagSet></Tagging>"));
}

// Lifecycle deletes data: every rule that S3 would refuse must be refused here.
TEST(LifecycleTest, KeepsTheRules) {
  const std::string head = "<Filter><Prefix>a</Prefix></Filter><Status>Enabled</Status>";
  EXPECT_EQ(Lifecycle(head + "<Expiration><Days>1</Days></Expiration>"), "");
  EXPECT_EQ(Lifecycle(head), kInvalidRequest.name) << "no action";
  EXPECT_EQ(Lifecycle("<Status>Enabled</Status><Expiration><Days>1</Days></Expiration>"), kMalformedXml.name);
  EXPECT_EQ(Lifecycle(head + "<Expiration><Days>0</Days></Expiration>"), kInvalidValue.name);
  EXPECT_EQ(Lifecycle(head + "<Expiration><Date>2030-01-01T01:00:00Z</Date></Expiration>"), kInvalidValue.name);
  EXPECT_EQ(Lifecycle(head + "<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>"), "");
  EXPECT_EQ(Lifecycle(head + "<Expiration><Days>1</Days><Date>2030-01-01T00:00:00Z</Date></Expiration>"),
            kMalformedXml.name);
  const std::string cold = "<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>";
  EXPECT_EQ(Lifecycle(head + cold), "");
  EXPECT_EQ(Lifecycle(head + cold + "<Expiration><Days>30</Days></Expiration>"), kInvalidValue.name);
  EXPECT_EQ(Lifecycle(head + "<Transition><Days>3</Days><StorageClass>STANDARD_IA</StorageClass></Transition>"),
            kInvalidValue.name);
  EXPECT_EQ(Lifecycle(head + "<Transition><Days>0</Days><StorageClass>GLACIER</StorageClass></Transition>"), "");
  const std::string tag = "<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter><Status>Enabled</Status>";
  const std::string abort =
      "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation>"
      "</AbortIncompleteMultipartUpload>";
  EXPECT_EQ(Lifecycle(tag + "<Expiration><Days>1</Days></Expiration>"), "");
  EXPECT_EQ(Lifecycle(tag + abort), kInvalidRequest.name);
  EXPECT_EQ(Lifecycle(head + abort), "");
}

// Rules without an id get one that stays, so that tools which read and compare see no change.
TEST(LifecycleTest, NamesRules) {
  const std::string text =
      "<LifecycleConfiguration><Rule><Prefix/><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>"
      "<Rule><Prefix>b</Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>"
      "</LifecycleConfiguration>";
  auto one = ReadXml(text, kLifecycleSchema);
  auto two = ReadXml(text, kLifecycleSchema);
  ASSERT_TRUE(one.ok() && CheckLifecycle(*one).ok() && CheckLifecycle(*two).ok());
  EXPECT_EQ(WriteXml(*one), WriteXml(*two));
  EXPECT_FALSE(one->children[0].ChildText("ID").empty());
  EXPECT_NE(one->children[0].ChildText("ID"), one->children[1].ChildText("ID"));
}

// Two targets for one event of one key would make it unclear who is told.
TEST(NotificationTest, RefusesOverlaps) {
  auto queue = [](const std::string& event, const std::string& prefix) {
    return "<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:111122223333:q</Queue><Event>" + event +
           "</Event><Filter><S3Key><FilterRule><Name>Prefix</Name><Value>" + prefix +
           "</Value></FilterRule></S3Key></Filter></QueueConfiguration>";
  };
  auto check = [](const std::string& inner) {
    return Refusal("<NotificationConfiguration>" + inner + "</NotificationConfiguration>", kNotificationSchema,
                   CheckNotification);
  };
  EXPECT_EQ(check(""), "");
  EXPECT_EQ(check("<EventBridgeConfiguration/>"), "");
  EXPECT_EQ(check(queue("s3:ObjectCreated:*", "a/") + queue("s3:ObjectCreated:Put", "b/")), "");
  EXPECT_EQ(check(queue("s3:ObjectCreated:*", "a/") + queue("s3:ObjectCreated:Put", "a/b")), kInvalidValue.name);
  EXPECT_EQ(check(queue("s3:ObjectCreated:*", "a/") + queue("s3:ObjectRemoved:*", "a/")), "");
  EXPECT_EQ(check(queue("s3:NoSuchEvent", "a/")), kInvalidValue.name);
}

// KMS keys only where KMS encrypts; tags within S3's limits.
TEST(ConfigurationTest, ChecksValues) {
  auto encryption = [](const std::string& inner) {
    return Refusal("<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>" + inner +
                       "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
                   kEncryptionSchema, CheckEncryption);
  };
  EXPECT_EQ(encryption("<SSEAlgorithm>AES256</SSEAlgorithm>"), "");
  EXPECT_EQ(encryption("<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>"), kInvalidValue.name);
  EXPECT_EQ(encryption("<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>"), "");
  EXPECT_EQ(encryption("<SSEAlgorithm>rot13</SSEAlgorithm>"), kMalformedXml.name);
  auto tags = [](int count, const std::string& key) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += "<Tag><Key>" + key + (key == "same" ? "" : std::to_string(i)) + "</Key><Value/></Tag>";
    return Refusal("<Tagging><TagSet>" + all + "</TagSet></Tagging>", kTaggingSchema, CheckBucketTagging);
  };
  EXPECT_EQ(tags(50, "k"), "");
  EXPECT_EQ(tags(51, "k"), kInvalidTagging.name);
  EXPECT_EQ(tags(2, "same"), kInvalidTagging.name);
  EXPECT_EQ(tags(1, "AWS:x"), kInvalidTagging.name);
}

}  // namespace
}  // namespace aloft::api::s3::documents
