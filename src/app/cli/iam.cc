// aloft iam why: would this be allowed, and which statement decides? aloft iam revoke: end a role's sessions.

#include <boost/json.hpp>
#include <cstdio>

#include "app/cli/commands.h"
#include "app/cli/remote.h"
#include "foundation/codec/json.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

struct WhyOptions {
  std::string profile, principal, action, resource = "*";
  std::vector<std::string> context;
  bool as_json = false;
};

json::object ReadContext(const std::vector<std::string>& pairs) {
  json::object out;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      throw CommandFailed{Fail(kInvalidArgument, "'" + pair + "' is no condition key: write key=value")};
    json::value& values = out[pair.substr(0, equals)];
    if (!values.is_array()) values = json::array();
    values.as_array().push_back(json::value(pair.substr(equals + 1)));
  }
  return out;
}

void PrintList(const json::object& answer) {
  const json::array& statements = answer.at("Statements").as_array();
  if (statements.empty()) {
    std::printf("\nNo statement of any policy applies to this request.\n");
  } else {
    std::printf("\nStatements that apply:\n");
  }
  for (const json::value& value : statements) {
    const json::object& each = value.as_object();
    const auto line = each.at("Line").to_number<std::int64_t>();
    std::printf("  %-5s  %-16s  %s of %s, line %lld\n", Text(each, "Effect").c_str(), Text(each, "Kind").c_str(),
                Text(each, "Statement").c_str(), Text(each, "Policy").c_str(), static_cast<long long>(line));
  }
  const json::array& missing = answer.at("MissingKeys").as_array();
  if (missing.empty()) return;
  std::printf("\nCondition keys that policies ask for and this question does not have:\n");
  for (const json::value& key : missing) std::printf("  %s\n", std::string(key.as_string()).c_str());
  std::printf("Give them with -c KEY=VALUE.\n");
}

void Why(const WhyOptions& options) {
  auto remote = Connect(options.profile);
  json::object request{{"Principal", options.principal}, {"Action", options.action}, {"Resource", options.resource}};
  request["Context"] = ReadContext(options.context);
  const json::value answer = OrFail(remote->Own("ExplainAccess", request));
  if (options.as_json) {
    std::printf("%s\n", codec::WriteJson(answer).c_str());
    return;
  }
  const json::object& object = answer.as_object();
  const bool allowed = object.at("Allowed").as_bool();
  std::printf("%s: %s, %s on %s\n  %s\n", allowed ? "Allowed" : "Refused", Text(object, "Principal").c_str(),
              Text(object, "Action").c_str(), Text(object, "Resource").c_str(), Text(object, "Why").c_str());
  PrintList(object);
}

void RevokeRole(const std::string& profile, const std::string& role) {
  auto remote = Connect(profile);
  OrFail(remote->Own("RevokeRoleSessions", json::object{{"RoleName", role}}));
  std::printf("Every session of role %s that was made until now is over. Running jobs get new credentials.\n",
              role.c_str());
}

void AddRevoke(CLI::App& iam) {
  auto profile = std::make_shared<std::string>();
  auto role = std::make_shared<std::string>();
  auto* revoke = iam.add_subcommand("revoke", "End every session of a role that was made until now");
  AddProfileOption(*revoke, *profile);
  revoke->add_option("ROLE", *role, "The role's name")->required();
  revoke->footer("Example:\n  aloft iam revoke training-role");
  revoke->callback([=] { RevokeRole(*profile, *role); });
}

}  // namespace

void AddIam(CLI::App& app) {
  CLI::App* iam = app.add_subcommand("iam", "Questions about who may do what");
  iam->require_subcommand(1);
  iam->footer(
      "Examples:\n"
      "  aloft iam why ada s3:GetObject arn:aws:s3:::data/train.csv\n"
      "  aloft iam revoke training-role");
  AddRevoke(*iam);
  CLI::App* why = iam->add_subcommand("why", "Tells whether a principal may do something, and which statement decides");
  auto options = std::make_shared<WhyOptions>();
  AddProfileOption(*why, options->profile);
  why->add_option("principal", options->principal, "A user's name, role/NAME, root, anonymous, or an ARN")->required();
  why->add_option("action", options->action, "For example s3:GetObject")->required();
  why->add_option("resource", options->resource, "An ARN; without one the question is about *");
  why->add_option("-c,--context", options->context, "A condition key of the request, KEY=VALUE; may be repeated");
  why->add_flag("--json", options->as_json, "Print the server's answer as JSON");
  why->footer(
      "Examples:\n"
      "  aloft iam why ada s3:GetObject arn:aws:s3:::data/train.csv\n"
      "  aloft iam why role/SageMakerRole s3:PutObject arn:aws:s3:::models/x -c aws:SourceIp=10.0.0.7\n"
      "  aloft iam why role/SageMakerRole iam:PassRole arn:aws:iam::123456789012:role/Job \\\n"
      "      -c iam:PassedToService=sagemaker.amazonaws.com\n"
      "  aloft iam why anonymous s3:GetObject arn:aws:s3:::website/index.html\n"
      "The answer is the server's own evaluation: guardrails, the resource's policy, boundaries and all. Address, TLS "
      "and\n"
      "region are those of this command unless given. Asking needs iam:SimulatePrincipalPolicy on the principal.");
  why->callback([options] { Why(*options); });
}

}  // namespace aloft::app
