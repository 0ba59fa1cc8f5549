#include <gmock/gmock.h>

#include "platform/credentials/errors.h"
#include "platform/credentials/login_profiles.h"
#include "platform/credentials/mfa_devices.h"
#include "platform/credentials/oidc_providers.h"
#include "platform/credentials/reports.h"
#include "platform/directory/last_use.h"
#include "platform/factors/totp.h"
#include "platform/identity/testing_identity.h"

namespace aloft::credentials {
namespace {

namespace iam = shapes::iam;
using identity::Entity;
using identity::EntityKind;
using identity::Session;
using testing::HasSubstr;

std::vector<sql::Migration> AllMigrations() {
  std::vector<sql::Migration> out;
  for (const auto& room : {factors::Migrations(), federation::Migrations(), directory::Migrations(), Migrations()})
    out.insert(out.end(), room.begin(), room.end());
  return out;
}

template <class R>
std::string Refusal(const R& result) {
  return result.ok() ? "ok" : std::string(result.error().reason.name) + ": " + result.error().message;
}

class CredentialsTest : public testing::TestWithParam<sql::Engine>, protected identity::IdentityFixture {
 protected:
  CredentialsTest() : IdentityFixture(GetParam(), AllMigrations()), admin_(Administrator()) {
    ada_ = Make(EntityKind::kUser, "ada", R"({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})");
  }

  Session admin_;
  Entity ada_;
  factors::Service factors_{service()};
  LoginProfiles logins_{service(), factors_};
  MfaDevices devices_{service(), factors_};
  OidcProviders providers_{service(), federation::IssuerNetworks::kPublic};
  Reports reports_{service()};
};
ALOFT_ON_EACH_ENGINE(CredentialsTest);

// A password is made, changed by its owner with the old one, and removed; each step refuses what does not fit.
TEST_P(CredentialsTest, PasswordsLiveAndDie) {
  EXPECT_THAT(Refusal(logins_.CreateLoginProfile(admin_, {.user_name = "ada", .password = "weak"})),
              HasSubstr("PasswordPolicyViolation"));
  ASSERT_TRUE(logins_.CreateLoginProfile(admin_, {.user_name = "ada", .password = "Good-enough-1"}).ok());
  EXPECT_THAT(Refusal(logins_.CreateLoginProfile(admin_, {.user_name = "ada", .password = "Good-enough-1"})),
              HasSubstr("EntityAlreadyExists: Login Profile for user ada already exists."));
  const Session own = SessionOf(ada_);
  EXPECT_THAT(Refusal(logins_.ChangePassword(own, {.old_password = "wrong", .new_password = "Another-one-2"})),
              HasSubstr("WrongPassword"));
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(logins_.ChangePassword(own, {.old_password = "Good-enough-1", .new_password = "Another-one-2"}).ok());
  EXPECT_TRUE(logins_.DeleteLoginProfile(admin_, {.user_name = "ada"}).ok());
  EXPECT_THAT(Refusal(logins_.GetLoginProfile(admin_, {.user_name = "ada"})), HasSubstr("NoSuchEntity"));
}

// A device's clock may be off: two codes in a row tell by how much, and later codes count from there.
TEST_P(CredentialsTest, DevicesAreSynchronized) {
  const auto made = devices_.CreateVirtualMFADevice(admin_, {.virtual_mfa_device_name = "ada"});
  ASSERT_TRUE(made.ok());
  const std::string serial = *made->virtual_mfa_device->serial_number;
  const auto device =
      database_
          ->Read([&](sql::Reader& reader) { return factors::records::FindDevice(reader, identity::kAccount, serial); })
          .value();
  const std::string seed = factors_.OpenSeed(*device).value();
  EXPECT_EQ(made->virtual_mfa_device->base32_string_seed->bytes, factors::Base32(seed));
  const std::int64_t ahead = factors::StepOf(clock_.Now()) + 7;
  EXPECT_THAT(Refusal(devices_.EnableMFADevice(admin_, {.user_name = "ada",
                                                        .serial_number = serial,
                                                        .authentication_code1 = "000000",
                                                        .authentication_code2 = "000001"})),
              HasSubstr("InvalidAuthenticationCode"));
  ASSERT_TRUE(devices_
                  .EnableMFADevice(admin_, {.user_name = "ada",
                                            .serial_number = serial,
                                            .authentication_code1 = factors::CodeOf(seed, ahead - 1),
                                            .authentication_code2 = factors::CodeOf(seed, ahead)})
                  .ok());
  EXPECT_FALSE(factors_.VerifyCode(identity::kAccount, ada_.id, serial, factors::CodeOf(seed, ahead)).ok());
  EXPECT_TRUE(factors_.VerifyCode(identity::kAccount, ada_.id, serial, factors::CodeOf(seed, ahead + 1)).ok());
  EXPECT_THAT(Refusal(devices_.DeleteVirtualMFADevice(admin_, {.serial_number = serial})), HasSubstr("DeleteConflict"));
  EXPECT_TRUE(devices_.DeactivateMFADevice(admin_, {.user_name = "ada", .serial_number = serial}).ok());
  EXPECT_TRUE(devices_.DeleteVirtualMFADevice(admin_, {.serial_number = serial}).ok());
}

// What another account registered is not there, and a URL that leads inside is refused.
TEST_P(CredentialsTest, ProvidersBelongToTheirAccount) {
  const auto made = providers_.CreateOpenIDConnectProvider(
      admin_, {.url = "https://issuer.example/path", .client_id_list = std::vector<std::string>{"one"}});
  ASSERT_TRUE(made.ok()) << Describe(made.error());
  const std::string arn = *made->open_id_connect_provider_arn;
  EXPECT_EQ(arn, "arn:aws:iam::123456789012:oidc-provider/issuer.example/path");
  Session other = admin_;
  other.account = AccountId("210987654321");
  EXPECT_THAT(Refusal(providers_.GetOpenIDConnectProvider(other, {.open_id_connect_provider_arn = arn})),
              HasSubstr("NoSuchEntity"));
  EXPECT_THAT(Refusal(providers_.CreateOpenIDConnectProvider(admin_, {.url = "http://127.0.0.1:1"})),
              HasSubstr("ValidationError"));
}

// The report tells what is true of each user, and goes out of date.
TEST_P(CredentialsTest, TheReportTellsTheTruth) {
  EXPECT_EQ(reports_.GetCredentialReport(admin_, {}).error().reason, kReportNotPresent);
  ASSERT_TRUE(logins_.CreateLoginProfile(admin_, {.user_name = "ada", .password = "Good-enough-1"}).ok());
  ASSERT_TRUE(reports_.GenerateCredentialReport(admin_, {}).ok());
  const auto report = reports_.GetCredentialReport(admin_, {});
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->content->bytes,
              HasSubstr("\nada,arn:aws:iam::123456789012:user/ada,2023-11-14T22:13:20+00:00,true,"));
  EXPECT_THAT(report->content->bytes, HasSubstr("\n<root_account>,"));
  clock_.Advance(std::chrono::hours(5));
  EXPECT_EQ(reports_.GetCredentialReport(admin_, {}).error().reason, kReportExpired);
}

// Access advisor: what a policy names, and what was really used of it.
TEST_P(CredentialsTest, AccessAdvisorKnowsUse) {
  directory::LastUses uses(service());
  uses.Note(SessionOf(ada_), "s3", "us-east-1");
  ASSERT_TRUE(uses.Flush().ok());
  const auto job = reports_.GenerateServiceLastAccessedDetails(admin_, {.arn = ada_.Arn()});
  ASSERT_TRUE(job.ok()) << Describe(job.error());
  const auto details = reports_.GetServiceLastAccessedDetails(admin_, {.job_id = job->job_id});
  ASSERT_TRUE(details.ok());
  ASSERT_EQ(details->services_last_accessed->size(), 1u);
  EXPECT_EQ(details->services_last_accessed->front().service_namespace, "s3");
  EXPECT_EQ(details->services_last_accessed->front().last_authenticated, clock_.Now());
  EXPECT_EQ(details->services_last_accessed->front().last_authenticated_entity, ada_.Arn());
  Session other = admin_;
  other.account = AccountId("210987654321");
  EXPECT_THAT(Refusal(reports_.GetServiceLastAccessedDetails(other, {.job_id = job->job_id})),
              HasSubstr("NoSuchEntity"));
}

}  // namespace
}  // namespace aloft::credentials
