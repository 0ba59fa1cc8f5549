#include "platform/policy/policy.h"

#include <array>
#include <set>

#include "foundation/base/bytes.h"
#include "platform/policy/statement.h"

namespace aloft::policy {
namespace {

// The action in lower case, on the stack where it fits.
class LowerAction {
 public:
  explicit LowerAction(std::string_view action) {
    if (action.size() <= buffer_.size()) {
      for (std::size_t i = 0; i < action.size(); ++i)
        buffer_[i] = action[i] >= 'A' && action[i] <= 'Z' ? static_cast<char>(action[i] - 'A' + 'a') : action[i];
      text_ = std::string_view(buffer_.data(), action.size());
    } else {
      long_ = ToLower(action);
      text_ = long_;
    }
  }
  LowerAction(const LowerAction&) = delete;
  std::string_view text() const { return text_; }

 private:
  std::array<char, 96> buffer_;
  std::string long_;
  std::string_view text_;
};

}  // namespace

struct Policy::State {
  std::vector<internal::Statement> statements;
  std::vector<Place> places;
  std::vector<std::string> keys;
  bool any_deny = false;
  bool is_public = false;
};

Policy::Policy(std::unique_ptr<State> state) : state_(std::move(state)) {}
Policy::~Policy() = default;

Result<std::shared_ptr<const Policy>> Policy::Parse(std::string_view document, PolicyUse use) {
  ALOFT_ASSIGN(std::vector<internal::Statement> statements, internal::ParseStatements(document, use));
  auto state = std::make_unique<State>();
  std::set<std::string> keys;
  for (const internal::Statement& statement : statements) {
    state->any_deny = state->any_deny || statement.deny;
    state->is_public = state->is_public || internal::IsPublic(statement);
    for (const internal::Pattern& resource : statement.resources) resource.AddVariables(keys);
    for (const internal::Condition& condition : statement.conditions) {
      keys.insert(condition.name);
      for (const internal::ConditionValue& value : condition.values)
        if (value.pattern) value.pattern->AddVariables(keys);
    }
  }
  state->statements = std::move(statements);
  state->places = internal::FindPlaces(document);
  state->keys.assign(keys.begin(), keys.end());
  return std::shared_ptr<const Policy>(new Policy(std::move(state)));
}

Verdict Policy::Evaluate(const Query& query) const {
  using Effect = Verdict::Effect;
  const LowerAction action(query.action);
  const internal::ArnParts resource = internal::SplitArn(query.resource);
  Verdict verdict;
  for (std::size_t i = 0; i < state_->statements.size(); ++i) {
    const internal::Statement& statement = state_->statements[i];
    const bool allowed = verdict.effect == Effect::kAllow;
    // The closest Allow is enough; after it only a Deny can change the answer.
    const bool settled = allowed && verdict.names == Verdict::Names::kSelf;
    if (settled && !state_->any_deny) break;
    if (settled && !statement.deny) continue;
    Verdict::Names names = Verdict::Names::kNobody;
    if (!statement.AppliesTo(action.text(), resource, query, names)) continue;
    if (statement.deny) return Verdict{Effect::kDeny, static_cast<int>(i), names};
    if (!allowed || names > verdict.names) verdict = Verdict{Effect::kAllow, static_cast<int>(i), names};
  }
  return verdict;
}

std::vector<int> Policy::Matching(const Query& query) const {
  const LowerAction action(query.action);
  const internal::ArnParts resource = internal::SplitArn(query.resource);
  std::vector<int> out;
  Verdict::Names names = Verdict::Names::kNobody;
  for (std::size_t i = 0; i < state_->statements.size(); ++i)
    if (state_->statements[i].AppliesTo(action.text(), resource, query, names)) out.push_back(static_cast<int>(i));
  return out;
}

std::size_t Policy::size() const {
  return state_->statements.size();
}

bool Policy::denies(int statement) const {
  return state_->statements.at(static_cast<std::size_t>(statement)).deny;
}

Place Policy::PlaceOf(int statement) const {
  const auto index = static_cast<std::size_t>(statement);
  return index < state_->places.size() ? state_->places[index] : Place{};
}

std::string Policy::NameOf(int statement) const {
  std::string out = "statement " + std::to_string(statement + 1);
  const std::string& sid = state_->statements.at(static_cast<std::size_t>(statement)).sid;
  return sid.empty() ? out : out + " (Sid " + sid + ")";
}

const std::vector<std::string>& Policy::keys() const {
  return state_->keys;
}

bool Policy::is_public() const {
  return state_->is_public;
}

}  // namespace aloft::policy
