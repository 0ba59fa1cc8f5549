#include "platform/audit/packed_record.h"

#include <lz4.h>

#include <array>

#include "foundation/kv/position.h"

namespace aloft::audit {
namespace {

constexpr char kPlainFormat = 1;   // records.h
constexpr char kPackedFormat = 2;  // the plain record's length, 4 bytes; an LZ4 block against kDictionary
constexpr std::size_t kHeaderBytes = 5;
// No record is larger: parameters, response and resources are bounded (event.h). What claims to be is damaged.
constexpr std::size_t kMostBytes = 1u << 20;

// Part of the format: not a byte of it may change. What is most frequent stands last, where it is cheapest to name.
constexpr std::string_view kDictionary =
    R"~({"omitted":"too large to record"}"HIDDEN_DUE_TO_SECURITY_REASONS""type":"AWSAccount","principalId":"","accountId":)~"
    R"~("ANONYMOUS_PRINCIPAL""type":"Unknown","accessKeyId":"EndpointToken","errorCode":"AccessDenied","errorMessage":")~"
    R"~("decision":"refused","refusedBy":"authentication","refusedBy":"identity policy (no statement allows it)")~"
    R"~(AWS::SageMaker::EndpointAWS::SageMaker::TrainingJobAWS::SageMaker::ModelAWS::Logs::LogGroupAWS::KMS::Key)~"
    R"~(AWS::IAM::PolicyAWS::IAM::RoleAWS::IAM::UserAWS::S3::Bucket"eventSource":"sts.amazonaws.com","eventName":")~"
    R"~(AssumeRoleWithWebIdentity"eventSource":"iam.amazonaws.com","eventName":"CreateUserPutRolePolicyAttachRolePolicy)~"
    R"~("eventSource":"kms.amazonaws.com","eventName":"GenerateDataKeyDecrypt"eventSource":"logs.amazonaws.com",)~"
    R"~("eventName":"PutLogEvents"eventSource":"sagemaker.amazonaws.com","eventName":"DescribeTrainingJob)~"
    R"~(InvokeEndpoint"readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":")~"
    R"~("eventCategory":"Management","resources":[],"requestParameters":null,"responseElements":null,)~"
    R"~("userAgent":"aws-cli/2.15.0 ua/2.0 os/linux# md/arch#x86_64 lang/python#3.11. cfg/retry-mode#standard botocore/")~"
    R"~("userAgent":"Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#6. md/arch#x86_64 lang/python#3.11. md/pyimpl#CPython)~"
    R"~( cfg/retry-mode#legacy Botocore/1.34."eventName":"CompleteMultipartUploadUploadPartCopyDeleteObjectsListObjectsV2)~"
    R"~(DeleteObjectHeadObjectGetObject{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDA)~"
    R"~(","arn":"arn:aws:iam::","accountId":"","accessKeyId":"AKIA","userName":")~"
    R"~({"eventVersion":"1.11","userIdentity":{"type":"Root","principalId":"","arn":"arn:aws:iam:::root","accountId":")~"
    R"~({"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA:","arn":"arn:aws:sts::)~"
    R"~(:assumed-role/","accountId":"","accessKeyId":"ASIA","sessionContext":{"sessionIssuer":{"type":"Role",)~"
    R"~("principalId":"AROA","arn":"arn:aws:iam:::role/","accountId":"","userName":""},"attributes":{"creationDate":)~"
    R"~("2026-11-23T00:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-11-23T00:00:00Z","eventSource":)~"
    R"~("s3.amazonaws.com","eventName":"PutObject","awsRegion":"us-east-1","sourceIPAddress":"127.0.0.1","userAgent":)~"
    R"~("","requestID":"","eventID":"","readOnly":false,"eventType":"AwsApiCall","managementEvent":false,)~"
    R"~("recipientAccountId":"","eventCategory":"Data","resources":[{"ARN":"arn:aws:s3:::","accountId":"","type":)~"
    R"~("AWS::S3::Object"}],"requestParameters":{"bucketName":"","key":"","Host":"127.0.0.1:"},"responseElements":null,)~"
    R"~("additionalEventData":{"decision":"allowed","secureTransport":true}})~";

// The dictionary's hash table: made once, copied for each record. LZ4 and not zstd, because a caller waits for it: a
// third of the time for a tenth more bytes.
const LZ4_stream_t& Prepared() {
  static const LZ4_stream_t prepared = [] {
    LZ4_stream_t made;
    LZ4_initStream(&made, sizeof made);
    LZ4_loadDict(&made, kDictionary.data(), static_cast<int>(kDictionary.size()));
    return made;
  }();
  return prepared;
}

}  // namespace

std::string PackRecord(std::string_view plain) {
  if (plain.size() > kMostBytes || !plain.starts_with(kPlainFormat)) return std::string(plain);
  std::array<char, 4096> most;
  std::string long_one;
  char* out = most.data();
  const int room = LZ4_compressBound(static_cast<int>(plain.size()));
  if (kHeaderBytes + static_cast<std::size_t>(room) > most.size()) {
    long_one.resize(kHeaderBytes + static_cast<std::size_t>(room));
    out = long_one.data();
  }
  LZ4_stream_t stream = Prepared();
  const int size =
      LZ4_compress_fast_continue(&stream, plain.data(), out + kHeaderBytes, static_cast<int>(plain.size()), room, 1);
  if (size <= 0 || kHeaderBytes + static_cast<std::size_t>(size) >= plain.size()) return std::string(plain);
  std::string packed(1, kPackedFormat);
  packed.reserve(kHeaderBytes + static_cast<std::size_t>(size));
  kv::AppendBigEndian(packed, plain.size(), 4);
  return packed.append(out + kHeaderBytes, static_cast<std::size_t>(size));
}

std::optional<std::string> UnpackRecord(std::string_view stored) {
  if (stored.empty()) return std::nullopt;
  if (stored[0] == kPlainFormat) return std::string(stored);
  if (stored[0] != kPackedFormat || stored.size() < kHeaderBytes) return std::nullopt;
  const std::size_t size = kv::ReadBigEndian(stored.substr(1), 4);
  stored.remove_prefix(kHeaderBytes);
  if (size == 0 || size > kMostBytes || stored.size() > kMostBytes) return std::nullopt;
  std::string plain(size, '\0');
  const int read =
      LZ4_decompress_safe_usingDict(stored.data(), plain.data(), static_cast<int>(stored.size()),
                                    static_cast<int>(size), kDictionary.data(), static_cast<int>(kDictionary.size()));
  if (read != static_cast<int>(size) || plain[0] != kPlainFormat) return std::nullopt;
  return plain;
}

std::optional<std::string> JsonOfRecord(std::string_view stored) {
  auto plain = UnpackRecord(stored);
  if (plain) plain->erase(0, 1);
  return plain;
}

}  // namespace aloft::audit
