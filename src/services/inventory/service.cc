#include "services/inventory/service.h"

#include "foundation/base/fault_point.h"
#include "foundation/codec/time.h"
#include "services/inventory/errors.h"

namespace aloft::inventory {
namespace {

constexpr std::size_t kBucketsAtOnce = 1000;

std::optional<Time> LastOf(const std::optional<std::string>& document) {
  return document ? codec::ParseIso8601(*document) : std::nullopt;
}

}  // namespace

Result<Report> Service::Run(const std::function<bool()>& go_on) {
  Report report;
  std::string after;
  do {
    ALOFT_ASSIGN(auto page, objects_.ListAllBuckets(after, kBucketsAtOnce));
    for (const auto& bucket : page.buckets) {
      auto done = RunBucket(bucket, go_on, report);
      if (!done.ok() && done.error().reason == kStopped) return std::move(done).error();
      // A bucket may go away meanwhile, and one that is damaged must not keep the others from their inventories.
      if (!done.ok() && !(done.error().reason == objects::kNoSuchBucket))
        log_.Warn("the inventories of a bucket cannot be read",
                  {{"bucket", bucket.name}, {"error", Describe(done.error())}});
    }
    after = page.next_after;
  } while (!after.empty());
  return report;
}

Status Service::RunBucket(const objects::Bucket& bucket, const std::function<bool()>& go_on, Report& report) {
  ALOFT_ASSIGN(auto settings, objects_.ListSettings(bucket.account, bucket.name, kSetting));
  for (const auto& [name, document] : settings) {
    ++report.configurations;
    ALOFT_ASSIGN(Configuration configuration, ParseConfiguration(document));
    std::string last_setting = std::string(kLastSetting) + configuration.id;
    ALOFT_ASSIGN(auto last, objects_.GetSetting(bucket.account, bucket.name, last_setting));
    const Time now = clock_.Now();
    if (!IsDue(configuration, LastOf(last), now)) continue;
    const Time period = PeriodOf(configuration, now);
    auto delivered = Deliver(bucket, configuration, period, go_on, report);
    if (!delivered.ok() && delivered.error().reason == kStopped) return delivered;
    if (!delivered.ok()) {
      ++report.failed;
      log_.Warn("an inventory was not delivered",
                {{"bucket", bucket.name}, {"inventory", configuration.id}, {"error", Describe(delivered.error())}});
      continue;
    }
    ALOFT_FAULT_POINT("inventory.delivered");
    ++report.delivered;
    ALOFT_TRY(objects_.PutSetting(bucket.account, bucket.name, last_setting, codec::FormatIso8601(period)));
  }
  return {};
}

}  // namespace aloft::inventory
