#include "api/aws/kms/api.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "api/aws_common/errors.h"
#include "generated/shapes/kms/service_model.h"
#include "platform/identity/testing_identity.h"

namespace aloft::api {
namespace {

// Each reason of the key service has a name on the wire, and none says more than KMS does.
TEST(KmsApi, EveryReasonHasAName) {
  SystemRandom random;
  ManualClock clock;
  const auto keyring = keys::Keyring::Ephemeral(random);
  char name[] = "/tmp/aloft-kms-api-XXXXXX";
  const std::string directory = mkdtemp(name);
  sql::Options options;
  options.path = directory + "/records.db";
  auto database = sql::Database::Open(options, kms::Migrations(), Log::Discard()).value();
  kms::Service kms(*database, *keyring, clock, random, Log::Discard());
  const auto access = MakeKmsAccess(kms);
  const ServiceApi api = MakeKmsApi(kms, *access);
  for (const Reason& reason : kms::kReasons) {
    const bool named =
        std::any_of(api.errors.begin(), api.errors.end(), [&](const ErrorName& each) { return each.reason == reason; });
    EXPECT_TRUE(named) << reason.name;
    const WireError wire = NameError(Fail(reason, "message"), Protocol::kJson, &shapes::kms::kModel, api.errors);
    EXPECT_GE(wire.status, 400);
    EXPECT_LE(wire.status, 412);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace aloft::api
