// What was sealed, as files in a trail's bucket.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
#include <zlib.h>

#include <algorithm>
#include <boost/json.hpp>
#include <map>

#include "foundation/base/bytes.h"
#include "foundation/base/fault_point.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "foundation/crypto/hash.h"
#include "platform/audit/read_records.h"
#include "platform/audit/records.h"
#include "services/trails/service.h"

namespace aloft::trails {
namespace {

constexpr std::size_t kMaxFileBytes = 16u << 20;
constexpr std::size_t kMaxBlocks = 512;

// Quickly rather than tightly: records are so alike that the first level finds most of it.
Result<std::string> Gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return Fail(kInternal, "Internal error.", "deflateInit2");
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return Fail(kInternal, "Internal error.", "deflate");
  return out;
}

EventFacts FactsOf(const boost::json::object& event) {
  auto text = [&](std::string_view name) {
    const auto* member = event.if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->as_string()) : std::string();
  };
  EventFacts out;
  out.data = text("eventCategory") == "Data";
  const auto* read = event.if_contains("readOnly");
  out.read_only = read != nullptr && read->is_bool() && read->as_bool();
  out.source = text("eventSource");
  out.region = text("awsRegion");
  std::string service = out.source.substr(0, out.source.find('.'));
  if (service == "monitoring") service = "cloudwatch";
  out.data_type = audit::Classify(service, text("eventName")).data_type;
  if (const auto* resources = event.if_contains("resources"); resources != nullptr && resources->is_array())
    for (const auto& each : resources->as_array())
      if (each.is_object())
        if (const auto* arn = each.as_object().if_contains("ARN"); arn != nullptr && arn->is_string())
          out.arns.emplace_back(arn->as_string());
  return out;
}

// "prefix/AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/22/123456789012_CloudTrail_us-east-1_20261122T1105Z_<id>.json.gz"
std::string FileName(const Trail& trail, const std::string& region, std::string_view chain, const audit::Block& first) {
  std::string stamp = codec::FormatBasic(first.at);  // 20261122T110509Z
  std::string day = stamp.substr(0, 4) + "/" + stamp.substr(4, 2) + "/" + stamp.substr(6, 2);
  std::string unique =
      crypto::Sha256Hex(trail.Arn() + "\n" + std::string(chain) + "\n" + std::to_string(first.sequence)).substr(0, 16);
  const std::string& account = trail.account.value();
  return (trail.prefix.empty() ? "" : trail.prefix + "/") + "AWSLogs/" + account + "/CloudTrail/" + region + "/" + day +
         "/" + account + "_CloudTrail_" + region + "_" + stamp.substr(0, 13) + "Z_" + unique + ".json.gz";
}

}  // namespace

Result<std::size_t> Service::Deliver() {
  ALOFT_ASSIGN(std::vector<Trail> trails, All());
  std::size_t files = 0;
  for (Trail& trail : trails) {
    if (!trail.logging) continue;
    auto delivered = DeliverTrail(std::move(trail));
    if (delivered.ok())
      files += *delivered;
    else
      log_.Warn("trails: a delivery failed", {{"cause", Describe(delivered.error())}});
  }
  return files;
}

Result<std::size_t> Service::DeliverTrail(Trail trail) {
  ALOFT_ASSIGN(std::vector<audit::ChainState> chains, audit_.Chains());
  std::size_t files = 0;
  std::string problem;
  auto before = trail.cursors;
  for (const audit::ChainState& chain : chains) {
    auto delivered = DeliverChain(trail, chain);
    if (!delivered.ok()) {
      problem = std::string(delivered.error().reason.name);
      log_.Warn("trails: a file cannot be delivered", {{"trail", trail.Arn()}, {"cause", Describe(delivered.error())}});
      continue;
    }
    files += *delivered;
  }
  ALOFT_FAULT_POINT("trails.delivered");
  if (trail.cursors == before && problem == trail.delivery_error) return files;
  // Cursors only move on from where they were read: whoever stopped and started the trail meanwhile has the last word.
  auto saved = Update(trail.account, trail.name, [&](Trail& stored) -> Status {
    for (const auto& [chain, sequence] : trail.cursors) {
      auto read = before.find(chain);
      if (stored.cursors[chain] == (read == before.end() ? 0 : read->second)) stored.cursors[chain] = sequence;
    }
    stored.delivery_error = problem;
    stored.attempted = clock_.Now();
    if (files > 0) stored.delivered = clock_.Now();
    return {};
  });
  if (!saved.ok()) return std::move(saved).error();
  return files;
}

Result<std::size_t> Service::DeliverChain(Trail& trail, const audit::ChainState& chain) {
  std::uint64_t cursor = trail.cursors[chain.chain];
  if (cursor >= chain.sequence) return std::size_t{0};
  kv::ScanRange range{.from = audit::BlockKey(chain.chain, cursor + 1),
                      .to = audit::BlockKey(chain.chain, chain.sequence + 1),
                      .limit = kMaxBlocks};
  ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(audit::kBlocks, range));
  auto data = DataSelectorsOf(trail);
  std::map<std::string, std::string> records;  // by region
  std::optional<audit::Block> first;
  std::size_t bytes = 0;
  for (const kv::Entry& entry : page.entries) {
    auto block = audit::Block::Decode(entry.value);
    if (!block) return Fail(kCorrupt, "A block of the audit log cannot be read.");
    std::erase_if(block->entries, [&](const auto& each) { return each.name.account != trail.account.value(); });
    // What was pruned, or cut, is left out: that is for `aloft audit verify`.
    ALOFT_TRY(audit::ReadRecords(store_, block->entries, [&](const audit::RecordName&, std::string text) -> Status {
      ALOFT_ASSIGN(boost::json::value event, codec::ParseJson(text));
      EventFacts facts = FactsOf(event.as_object());
      if (!Wants(trail, data, facts)) return {};
      std::string& file = records[facts.region.empty() ? trail.region.value() : facts.region];
      file.append(file.empty() ? "{\"Records\":[" : ",").append(text);
      bytes += text.size();
      return {};
    }));
    cursor = block->sequence;
    if (!first) first = std::move(block);
    if (bytes > kMaxFileBytes) break;
  }
  for (auto& [region, text] : records) {
    ALOFT_ASSIGN(std::string packed, Gzip(text.append("]}")));
    objects::PutRequest request;
    request.bucket = trail.bucket;
    request.key = FileName(trail, region, chain.chain, *first);
    request.attributes.content_type = "application/json";
    request.attributes.content_encoding = "gzip";
    auto put = objects_.Put(trail.account, std::move(request), packed);
    if (!put.ok()) return std::move(put).error();
  }
  trail.cursors[chain.chain] = cursor;
  return records.size();
}

}  // namespace aloft::trails
