// IAM's reports: the credential report of an account, and which services a principal last used. Thread-safe.
#pragma once

#include <span>

#include "foundation/base/result.h"
#include "generated/shapes/iam/reports.h"
#include "platform/identity/service.h"

namespace aloft::credentials {

// The room's schema. Format: docs/formats/credentials.md.
std::span<const sql::Migration> Migrations();

class Reports {
 public:
  explicit Reports(identity::Service& identity) : state_(identity.state()) {}
  using Session = identity::Session;

  // Made at once; good for four hours.
  Result<shapes::iam::GenerateCredentialReportResponse> GenerateCredentialReport(
      const Session&, const shapes::iam::GenerateCredentialReportRequest&);
  Result<shapes::iam::GetCredentialReportResponse> GetCredentialReport(const Session&,
                                                                       const shapes::iam::GetCredentialReportRequest&);
  // Of a user, group, role or managed policy. The job is done when it is made; it is kept for a week.
  Result<shapes::iam::GenerateServiceLastAccessedDetailsResponse> GenerateServiceLastAccessedDetails(
      const Session&, const shapes::iam::GenerateServiceLastAccessedDetailsRequest&);
  Result<shapes::iam::GetServiceLastAccessedDetailsResponse> GetServiceLastAccessedDetails(
      const Session&, const shapes::iam::GetServiceLastAccessedDetailsRequest&);

 private:
  identity::Service::State& state_;
};

}  // namespace aloft::credentials
