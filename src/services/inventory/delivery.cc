// One inventory: its rows into files, then the manifest that names them, then the checksum that says it is whole.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
#include "foundation/base/fault_point.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "services/inventory/errors.h"
#include "services/inventory/service.h"

namespace aloft::inventory {
namespace {

constexpr std::string_view kS3 = "s3.amazonaws.com";
constexpr std::string_view kBucketArn = "arn:aws:s3:::";
constexpr std::string_view kPolicySetting = "policy";
constexpr std::string_view kLifecycleSetting = "lifecycle";
constexpr std::string_view kEncryptionSetting = "encryption";

std::string Joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (std::string_view part : parts) text += part;
  return text;
}

// 32 hexadecimal digits as a UUID's text.
std::string FileName(const std::string& digits) {
  return Joined({std::string_view(digits).substr(0, 8), "-", std::string_view(digits).substr(8, 4), "-",
                 std::string_view(digits).substr(12, 4), "-", std::string_view(digits).substr(16, 4), "-",
                 std::string_view(digits).substr(20, 12), ".csv.gz"});
}

}  // namespace

// Where an inventory goes.
struct Service::Target {
  objects::Bucket bucket{};
  std::shared_ptr<const policy::Policy> policy{};
  policy::Context facts{};
  objects::EncryptionRequest encryption{};
  std::string base{};    // PREFIX/SOURCE/ID/
  std::string folder{};  // base and the period's date
  Time period{};
  Time began{};
};

Result<Service::Target> Service::OpenTarget(const objects::Bucket& source, const Configuration& configuration,
                                            Time period) {
  const Destination& wanted = configuration.destination;
  ALOFT_ASSIGN(auto location, objects_.Locate(wanted.bucket));
  if (!wanted.account.empty() && wanted.account != location.bucket.account)
    return Fail(kForeignDestination, "The inventory's destination is not the account's that it names");
  Target target;
  target.bucket = std::move(location.bucket);
  ALOFT_ASSIGN(auto document, objects_.GetSetting(target.bucket.account, target.bucket.name, kPolicySetting));
  if (document) {
    ALOFT_ASSIGN(target.policy, policy::Policy::Parse(*document, policy::PolicyUse::kResource));
  }
  target.facts = {{"aws:sourcearn", {Joined({kBucketArn, source.name})}},
                  {"aws:sourceaccount", {source.account.value()}},
                  {"aws:principalisawsservice", {"true"}},
                  {"aws:securetransport", {"true"}},
                  {"s3:x-amz-acl", {"bucket-owner-full-control"}},
                  {"s3:resourceaccount", {target.bucket.account.value()}}};
  target.encryption = wanted.encryption;
  if (wanted.encryption.kind == objects::EncryptionKind::kNone) {
    ALOFT_ASSIGN(auto encryption, objects_.GetSetting(target.bucket.account, target.bucket.name, kEncryptionSetting));
    if (encryption) {
      ALOFT_ASSIGN(target.encryption, ParseDefaultEncryption(*encryption));
    }
  }
  if (!wanted.prefix.empty()) target.base = Joined({wanted.prefix, wanted.prefix.ends_with('/') ? "" : "/"});
  target.base += Joined({source.name, "/", configuration.id, "/"});
  std::string date = codec::FormatIso8601(period);  // 2026-11-22T00:00:00Z
  target.folder = Joined({target.base, date.substr(0, 10), "T00-00Z/"});
  target.period = period;
  target.began = clock_.Now();
  return target;
}

// Nobody signs for an inventory: whose bucket it goes to must have let S3 in, as at AWS.
Status Service::MayPut(const Target& target, const std::string& key) const {
  const std::string arn = Joined({kBucketArn, target.bucket.name, "/", key});
  policy::ContextKeys keys(target.facts);
  policy::Caller caller;
  caller.service = kS3;
  policy::Query query{"s3:PutObject", arn, keys, &caller};
  if (target.policy && target.policy->Evaluate(query).effect == policy::Verdict::Effect::kAllow) return {};
  return Fail(kDestinationDenied, "The policy of the inventory's destination does not let s3.amazonaws.com put there");
}

Status Service::Put(const Target& target, const std::string& key, std::string_view type, std::string_view body) {
  ALOFT_TRY(MayPut(target, key));
  objects::PutRequest request{.bucket = target.bucket.name, .key = key};
  request.attributes.content_type = type;
  request.encryption = target.encryption;
  ALOFT_TRY(objects_.Put(target.bucket.account, std::move(request), body));
  return {};
}

Status Service::Deliver(const objects::Bucket& bucket, const Configuration& configuration, Time period,
                        const std::function<bool()>& go_on, Report& report) {
  ALOFT_ASSIGN(Target target, OpenTarget(bucket, configuration, period));
  // A run that died after the last step has left nothing to do.
  if (objects_.HeadObject(target.bucket.account, target.bucket.name, target.folder + "manifest.checksum").ok())
    return {};
  ALOFT_ASSIGN(auto files, WriteRows(bucket, configuration, target, go_on, report));
  ALOFT_FAULT_POINT("inventory.rows");
  return WriteManifest(bucket, configuration, target, files);
}

Result<std::vector<FileEntry>> Service::WriteRows(const objects::Bucket& source, const Configuration& configuration,
                                                  const Target& target, const std::function<bool()>& go_on,
                                                  Report& report) {
  RowFacts facts{.bucket = source.name, .versioned = source.versioning != objects::Versioning::kNever};
  if (options_.canonical_id) facts.owner = options_.canonical_id(source.account);
  ALOFT_ASSIGN(auto aging, objects_.GetSetting(source.account, source.name, kLifecycleSetting));
  if (aging) {
    ALOFT_ASSIGN(facts.lifecycle, lifecycle::ParseConfiguration(*aging));
  }
  std::vector<FileEntry> files;
  std::unique_ptr<DataFile> file;
  std::uint64_t rows = 0;
  std::string lines;
  auto finish = [&]() -> Status {
    if (!file) return {};
    ALOFT_ASSIGN(FileEntry entry, file->Finish());
    files.push_back(std::move(entry));
    file.reset();
    return {};
  };
  auto flush = [&]() -> Status {
    if (lines.empty()) return {};
    if (!file) {
      // Named by when it was begun: a run that died cannot have named the same bytes otherwise.
      std::string unique =
          Joined({target.folder, std::to_string(ToMicros(target.began)), "/", std::to_string(files.size())});
      std::string key = Joined({target.base, "data/", FileName(crypto::Sha256Hex(unique))});
      ALOFT_TRY(MayPut(target, key));
      objects::PutRequest request{.bucket = target.bucket.name, .key = key};
      request.attributes.content_type = "application/octet-stream";
      request.encryption = target.encryption;
      ALOFT_ASSIGN(file, DataFile::Begin(objects_, target.bucket.account, std::move(request)));
    }
    ALOFT_TRY(file->Add(lines));
    lines.clear();
    return {};
  };
  objects::ListVersionsRequest request{.bucket = source.name, .prefix = configuration.prefix};
  request.max_keys = options_.page;
  request.whole = NeedsWhole(configuration);
  while (true) {
    if (go_on && !go_on()) return Fail(kStopped, "The inventory was stopped");
    ALOFT_ASSIGN(auto page, objects_.ListVersions(source.account, request));
    for (const auto& info : page.versions) {
      if (!configuration.all_versions && (!info.is_latest || info.is_delete_marker)) continue;
      AppendRow(configuration, facts, info, lines);
      ++report.rows;
      if (++rows % options_.rows_per_file != 0) continue;
      ALOFT_TRY(flush());
      ALOFT_TRY(finish());
    }
    ALOFT_TRY(flush());
    if (!page.truncated) break;
    request.key_marker = page.next_key_marker;
    request.version_id_marker = page.next_version_id_marker;
  }
  ALOFT_TRY(finish());
  return files;
}

Status Service::WriteManifest(const objects::Bucket& source, const Configuration& configuration, const Target& target,
                              const std::vector<FileEntry>& files) {
  std::string manifest;
  codec::JsonWriter json(manifest);
  json.BeginObject().Key("sourceBucket").String(source.name);
  json.Key("destinationBucket").String(Joined({kBucketArn, target.bucket.name}));
  json.Key("version").String("2016-11-30");
  json.Key("creationTimestamp").String(std::to_string(ToMillis(target.began)));
  json.Key("fileFormat").String("CSV").Key("fileSchema").String(Schema(configuration));
  json.Key("files").BeginArray();
  std::string links;
  for (const auto& file : files) {
    json.BeginObject().Key("key").String(file.key).Key("size").Unsigned(file.size);
    json.Key("MD5checksum").String(file.md5).EndObject();
    links += Joined({links.empty() ? "" : "\n", "s3://", target.bucket.name, "/", file.key});
  }
  json.EndArray().EndObject();
  const std::string date = codec::FormatIso8601(target.period).substr(0, 10);
  ALOFT_TRY(Put(target, Joined({target.base, "hive/dt=", date, "-00-00/symlink.txt"}), "text/plain", links));
  ALOFT_TRY(Put(target, target.folder + "manifest.json", "application/json", manifest));
  return Put(target, target.folder + "manifest.checksum", "text/plain", HexEncode(AsBytes(crypto::Md5(manifest))));
}

}  // namespace aloft::inventory
