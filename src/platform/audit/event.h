// The form of a record: AWS's CloudTrail event as JSON text.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
//
// The text is made in two parts, so that what is known before a handler runs is written once: Opening(facts) and
// Ending(outcome) together are one JSON object.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "platform/audit/classify.h"
#include "platform/identity/session.h"

namespace aloft::audit {

// What is known of a call before it runs.
struct Facts {
  Time at{};
  identity::Session session;
  std::string claimed_key;  // the access key that the request names, where nobody vouches for the caller
  AccountId account;        // whose log: the caller's, or the owner's of what is asked for
  Region region;
  std::string_view service, operation;
  Class kind;
  std::string address, user_agent;
  bool tls = false;
  std::string request_id;
  std::string parameters;              // JSON without secrets and bodies; empty: none
  std::vector<std::string> resources;  // ARNs
};

// What the answer added.
struct Outcome {
  std::string error_code{}, error_message{};  // empty: it succeeded
  std::string response{};                     // JSON without secrets; empty: none
  // Who decided: empty where everything was allowed; "identity policy (explicit deny)", "authentication".
  std::string refused_by{};
};

// What is longer is cut, and the text says so.
inline constexpr std::size_t kMaxTextBytes = 1024;        // user agent, error message
inline constexpr std::size_t kMaxParameterBytes = 16384;  // parameters and response: left out whole
inline constexpr std::size_t kMaxResources = 20;

std::string Opening(const Facts& facts, std::string_view event_id);
std::string Ending(const Facts& facts, const Outcome& outcome);

// The same record, saying that the server died before it answered.
std::string Unanswered(std::string record);

// An error message without the values that it quotes from the request: "Value 'hunter2' at 'password'" may be a secret.
std::string WithoutValues(std::string_view message);

}  // namespace aloft::audit
