// The controls of each profile that a server can bear on, in our own words. Numbers are the documents' own: 45 CFR
// 164.312, PCI DSS 4.0, the Trust Services Criteria of 2017.
#include "app/cli/compliance.h"

namespace aloft::app {
namespace {

using Ids = const std::string_view[];

constexpr Ids kUnique = {"users-own-keys", "root-keys"};
constexpr Ids kAccess = {"users-own-keys", "unused-keys", "public-buckets"};
constexpr Ids kPasswords = {"password-policy"};
constexpr Ids kMfa = {"mfa"};
constexpr Ids kRest = {"encryption-at-rest", "root-of-trust"};
constexpr Ids kTransit = {"tls-versions", "tls-only"};
constexpr Ids kAudit = {"audit-intact", "audit-key", "audit-current"};
constexpr Ids kRetention6 = {"retention-6-years"};
constexpr Ids kRetention1 = {"retention-1-year"};
constexpr Ids kDelivery = {"trail"};
constexpr Ids kData = {"data-events"};
constexpr Ids kBackup = {"backup"};
constexpr Ids kUnused = {"unused-keys"};
constexpr Ids kPublic = {"public-buckets"};

constexpr Control kHipaa[] = {
    {"164.312(a)(2)(i)", "Each person is known by a name of their own", kUnique,
     "Give every person a user of their own, and forbid shared keys in your procedures."},
    {"164.312(a)(1)", "Only those with a right reach health information", kAccess,
     "Decide who may see which bucket, review the policies, and remove people who leave."},
    {"164.312(a)(2)(iv)", "Stored information is encrypted", kRest,
     "Keep a copy of the root key where only you reach it; encrypt the disks of databases that you run yourself."},
    {"164.312(b)", "Activity is recorded and can be examined", kAudit,
     "Look into the log regularly, and keep checkpoints on another machine."},
    {"164.312(b) (reads)", "Reading health information is recorded", kData,
     "Name the buckets that hold it in the selectors of a trail."},
    {"164.316(b)(2)(i)", "Documentation is kept for six years", kRetention6,
     "Keep your own policies and the exports of the log as long."},
    {"164.312(c)(1)", "Information is protected from improper change", kAudit,
     "Use versions and object lock for what must not change."},
    {"164.312(d)", "Whoever asks for access is who they say", kMfa, "Ask for a second factor of every person."},
    {"164.312(e)(1)", "Information is protected on its way", kTransit,
     "Install certificates that your clients trust, and renew them."},
    {"164.308(a)(7)", "There are copies to restore from", kBackup, "Back up, and try to restore."},
};

constexpr Control kPci[] = {
    {"3.5, 3.6", "Stored data and its keys are protected", kRest,
     "Keep cardholder data out of names, tags and hyperparameters; document who holds the root key."},
    {"4.2.1", "Strong cryptography on open networks", kTransit, "Keep an inventory of certificates."},
    {"7.2", "Access by need to know", kPublic, "Review policies every six months."},
    {"8.2.1", "Every user has an ID of their own", kUnique, "Shared accounts need a written reason."},
    {"8.2.6", "Accounts without use for 90 days are disabled", kUnused, "Disable the keys that this report names."},
    {"8.3.6", "Passwords have a length and a form", kPasswords, "Set the account's password policy."},
    {"8.4.2", "A second factor for all access", kMfa, "Enrol every person."},
    {"10.2", "Events are recorded with user, kind, time, result, origin and resource", kAudit,
     "Turn data events on for buckets with cardholder data."},
    {"10.3", "The log is protected from destruction and change", kDelivery,
     "Deliver to a bucket with object lock, or export to another machine."},
    {"10.5.1", "The log is kept for twelve months", kRetention1, "Three of them must be at hand at once."},
};

constexpr Control kSoc2[] = {
    {"CC6.1", "Logical access is restricted", kAccess, "Describe your roles, and review them."},
    {"CC6.1 (keys)", "Data is encrypted at rest", kRest, "Document the custody of the root key."},
    {"CC6.2", "Users are registered and removed", kUnused, "Tie the list of users to joiners and leavers."},
    {"CC6.6", "Access from outside is authenticated strongly", kMfa, "Enrol every person."},
    {"CC6.7", "Data is protected in transmission", kTransit, "Renew certificates."},
    {"CC7.2", "Anomalies are detectable", kAudit, "Look into the log, and act on what it shows."},
    {"CC7.3", "Records of events survive for examination", kDelivery, "Deliver the log to a bucket of its own."},
    {"A1.2", "There are copies to restore from", kBackup, "Back up, and try to restore."},
};

constexpr ComplianceProfile kProfiles[] = {
    {"hipaa", "HIPAA Security Rule, technical safeguards", kHipaa},
    {"pci", "PCI DSS 4.0, requirements that a server bears on", kPci},
    {"soc2", "SOC 2, Trust Services Criteria that a server bears on", kSoc2},
};

}  // namespace

const ComplianceProfile* FindComplianceProfile(std::string_view name) {
  for (const ComplianceProfile& each : kProfiles)
    if (each.name == name) return &each;
  return nullptr;
}

CheckState StateOf(const Control& control, const Checks& checks) {
  CheckState state = CheckState::kMet;
  for (std::string_view id : control.checks) {
    auto found = checks.find(std::string(id));
    CheckState one = found == checks.end() ? CheckState::kNotChecked : found->second.state;
    if (one == CheckState::kNotMet) return one;
    if (one == CheckState::kNotChecked) state = one;
  }
  return state;
}

}  // namespace aloft::app
