// What `aloft compliance report` checks and how it maps to the technical controls of a profile. What looks is in
// compliance.cc and compliance_account.cc, the rest is pure.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/remote.h"
#include "foundation/base/clock.h"

namespace aloft::app {

enum class CheckState {
  kMet,
  kNotMet,
  kNotChecked,  // nothing is claimed
};

// One thing that was looked at: what, how, what was found.
struct Check {
  CheckState state = CheckState::kNotChecked;
  std::string looked_at;  // "TLS handshakes with https://..."
  std::string found;
};
using Checks = std::map<std::string, Check>;  // by id: "tls-versions"

// The checks of users, passwords, buckets and trails, through the server's public APIs.
void LookAtAccount(Remote& remote, Time now, Checks& checks);

// A technical control of a profile, in our own words, and the checks that bear on it.
struct Control {
  std::string_view id;  // "164.312(b)"
  std::string_view title;
  std::span<const std::string_view> checks;
  std::string_view operators_part;  // what software cannot do for them
};
struct ComplianceProfile {
  std::string_view name, title;
  std::span<const Control> controls;
};
// Null where there is none of that name: hipaa, pci, soc2.
const ComplianceProfile* FindComplianceProfile(std::string_view name);

// A control is met where every check is; not met where one is not; else not checked.
CheckState StateOf(const Control& control, const Checks& checks);

struct ReportHead {
  std::string server, account, region, version, checkpoint;
  Time at{};
};
std::string RenderJson(const ComplianceProfile& profile, const Checks& checks, const ReportHead& head);
// One file: no scripts, no fonts or pictures from elsewhere.
std::string RenderHtml(const ComplianceProfile& profile, const Checks& checks, const ReportHead& head);

}  // namespace aloft::app
