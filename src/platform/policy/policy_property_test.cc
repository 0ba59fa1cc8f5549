// The compiled evaluator against a slow obvious one, on random policies over a small world where everything collides.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "platform/policy/policy.h"

namespace aloft::policy {
namespace {

struct RandomCondition {
  bool negated;
  bool like;
  bool if_exists;
  std::string key;
  std::vector<std::string> values;
};
struct RandomStatement {
  bool deny;
  bool not_action;
  bool not_resource;
  std::vector<std::string> actions, resources;
  std::vector<RandomCondition> conditions;
};

template <class T>
rc::Gen<std::vector<T>> Some(rc::Gen<T> gen) {
  return rc::gen::mapcat(rc::gen::inRange(1, 4), [gen](int n) { return rc::gen::container<std::vector<T>>(n, gen); });
}

const std::vector<std::string> kActions = {"s3:GetObject", "s3:PutObject", "s3:ListBucket", "iam:GetUser"};
const std::vector<std::string> kActionPatterns = {
    "*", "s3:*", "s3:Get*", "S3:?etObject", "s3:*Object", "s3:PutObject", "iam:get*", "sagemaker:*", "s3:G*t*t"};
const std::vector<std::string> kResources = {"arn:aws:s3:::a", "arn:aws:s3:::a/x", "arn:aws:s3:::b/x:y",
                                             "arn:aws:iam::1:user/a", "*"};
const std::vector<std::string> kResourcePatterns = {"*",
                                                    "arn:aws:s3:::a",
                                                    "arn:aws:s3:::a/*",
                                                    "arn:aws:s3:::*",
                                                    "arn:*:s3:::?/x*",
                                                    "arn:aws:*:*:*:*a",
                                                    "arn:aws:s3:::${aws:username}/*",
                                                    "arn:aws:iam::1:user/${aws:username}"};
const std::vector<std::string> kValues = {"a", "b", "ab", "A"};
const std::vector<std::string> kValuePatterns = {"a", "b", "a*", "?", "${aws:username}", "*"};

rc::Gen<RandomCondition> Conditions() {
  return rc::gen::build<RandomCondition>(
      rc::gen::set(&RandomCondition::negated), rc::gen::set(&RandomCondition::like),
      rc::gen::set(&RandomCondition::if_exists),
      rc::gen::set(&RandomCondition::key, rc::gen::elementOf(std::vector<std::string>{"aws:username", "s3:prefix"})),
      rc::gen::set(&RandomCondition::values, Some(rc::gen::elementOf(kValuePatterns))));
}

rc::Gen<RandomStatement> Statements() {
  return rc::gen::build<RandomStatement>(
      rc::gen::set(&RandomStatement::deny, rc::gen::map(rc::gen::inRange(0, 4), [](int n) { return n == 0; })),
      rc::gen::set(&RandomStatement::not_action, rc::gen::map(rc::gen::inRange(0, 4), [](int n) { return n == 0; })),
      rc::gen::set(&RandomStatement::not_resource, rc::gen::map(rc::gen::inRange(0, 4), [](int n) { return n == 0; })),
      rc::gen::set(&RandomStatement::actions, Some(rc::gen::elementOf(kActionPatterns))),
      rc::gen::set(&RandomStatement::resources, Some(rc::gen::elementOf(kResourcePatterns))),
      rc::gen::set(&RandomStatement::conditions, rc::gen::mapcat(rc::gen::inRange(0, 3), [](int n) {
        return rc::gen::container<std::vector<RandomCondition>>(n, Conditions());
      })));
}

std::string List(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ",\"" : "\"") + text + "\"";
  return out + "]";
}

std::string Document(const std::vector<RandomStatement>& statements) {
  std::string out = R"({"Version": "2012-10-17", "Statement": [)";
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const RandomStatement& s = statements[i];
    out += std::string(i > 0 ? "," : "") + R"({"Effect": ")" + (s.deny ? "Deny" : "Allow") + "\", \"" +
           (s.not_action ? "NotAction" : "Action") + "\": " + List(s.actions) + ", \"" +
           (s.not_resource ? "NotResource" : "Resource") + "\": " + List(s.resources);
    if (!s.conditions.empty()) {
      out += R"(, "Condition": {)";
      for (std::size_t c = 0; c < s.conditions.size(); ++c) {
        const RandomCondition& condition = s.conditions[c];
        // A digit of the quantifier would be too clever: equal operators may stand twice only under different keys.
        out += std::string(c > 0 ? "," : "") + "\"String" + (condition.negated ? "Not" : "") +
               (condition.like ? "Like" : "Equals") + (condition.if_exists ? "IfExists" : "") + "\": {\"" +
               condition.key + "\": " + List(condition.values) + "}";
      }
      out += "}";
    }
    out += "}";
  }
  return out + "]}";
}

// The obvious evaluator: recursion for wildcards, text substitution for variables, no shortcuts.
bool Wild(const std::string& pattern, const std::string& text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') return Wild(pattern.substr(1), text) || (!text.empty() && Wild(pattern, text.substr(1)));
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) && Wild(pattern.substr(1), text.substr(1));
}

std::optional<std::string> Substituted(std::string pattern, const Context& context) {
  const std::string variable = "${aws:username}";
  const std::size_t at = pattern.find(variable);
  if (at == std::string::npos) return pattern;
  const auto found = context.find("aws:username");
  if (found == context.end()) return std::nullopt;
  return pattern.replace(at, variable.size(), found->second.front());
}

std::vector<std::string> Parts(const std::string& arn) {
  std::vector<std::string> out(1);
  for (const char c : arn) {
    if (c == ':' && out.size() < 6)
      out.emplace_back();
    else
      out.back().push_back(c);
  }
  return out;
}

bool ArnMatches(const std::string& pattern, const std::string& arn) {
  if (pattern == "*") return true;
  const auto want = Parts(pattern), have = Parts(arn);
  if (want.size() != have.size()) return false;
  for (std::size_t i = 0; i < want.size(); ++i)
    if (!Wild(want[i], have[i])) return false;
  return true;
}

std::string Low(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return text;
}

bool ObviousCondition(const RandomCondition& condition, const Context& context, bool deny) {
  const auto have = context.find(condition.key);
  if (have == context.end()) return condition.if_exists || condition.negated;
  bool any = false, undecided = false;
  for (const std::string& value : condition.values) {
    const auto pattern = Substituted(value, context);
    if (!pattern)
      undecided = true;
    else if (condition.like ? Wild(*pattern, have->second.front()) : *pattern == have->second.front())
      any = true;
  }
  if (any) return !condition.negated;
  if (undecided && condition.negated) return deny;
  return condition.negated;
}

bool ObviousApplies(const RandomStatement& s, const std::string& action, const std::string& resource,
                    const Context& context) {
  bool action_matches = false, resource_matches = false, undecided = false;
  for (const std::string& pattern : s.actions) action_matches = action_matches || Wild(Low(pattern), Low(action));
  for (const std::string& written : s.resources) {
    const auto pattern = Substituted(written, context);
    if (!pattern)
      undecided = true;
    else
      resource_matches = resource_matches || ArnMatches(*pattern, resource);
  }
  if (action_matches == s.not_action) return false;
  if (s.not_resource ? resource_matches || (undecided && !s.deny) : !resource_matches) return false;
  for (const RandomCondition& condition : s.conditions)
    if (!ObviousCondition(condition, context, s.deny)) return false;
  return true;
}

char Obvious(const std::vector<RandomStatement>& statements, const std::string& action, const std::string& resource,
             const Context& context) {
  char answer = '0';
  for (const RandomStatement& s : statements) {
    if (!ObviousApplies(s, action, resource, context)) continue;
    if (s.deny) return '-';
    answer = '+';
  }
  return answer;
}

// Operators repeat as JSON keys, where the last one counts: keep each once, so that both read the same document.
void DropRepeatedOperators(std::vector<RandomStatement>& statements) {
  for (RandomStatement& s : statements) {
    std::map<std::string, RandomCondition> by_operator;
    for (const RandomCondition& c : s.conditions)
      by_operator[std::string(c.negated ? "n" : "p") + (c.like ? "l" : "e") + (c.if_exists ? "i" : "-")] = c;
    s.conditions.clear();
    for (auto& [name, condition] : by_operator) s.conditions.push_back(condition);
  }
}

// Whatever the policy, the fast evaluator answers what the documentation's logic answers.
TEST(PolicyProperty, TheCompiledEvaluatorAgreesWithAnObviousOne) {
  const bool held = rc::check("compiled == obvious", [] {
    std::vector<RandomStatement> statements = *Some(Statements());
    DropRepeatedOperators(statements);
    const std::string action = *rc::gen::elementOf(kActions), resource = *rc::gen::elementOf(kResources);
    Context context;
    if (*rc::gen::arbitrary<bool>()) context["aws:username"] = {*rc::gen::elementOf(kValues)};
    if (*rc::gen::arbitrary<bool>()) context["s3:prefix"] = {*rc::gen::elementOf(kValues)};
    const std::string document = Document(statements);
    const auto policy = Policy::Parse(document, PolicyUse::kIdentity);
    RC_LOG() << document;
    RC_ASSERT(policy.ok());
    const ContextKeys keys(context);
    const Verdict verdict = (*policy)->Evaluate(Query{action, resource, keys});
    const char answer = verdict.effect == Verdict::Effect::kAllow  ? '+'
                        : verdict.effect == Verdict::Effect::kDeny ? '-'
                                                                   : '0';
    RC_ASSERT(answer == Obvious(statements, action, resource, context));
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace aloft::policy
