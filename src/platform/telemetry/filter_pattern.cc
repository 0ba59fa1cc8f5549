#include "platform/telemetry/filter_pattern.h"

#include <re2/re2.h>

#include <algorithm>

#include "foundation/base/bytes.h"
#include "platform/telemetry/errors.h"

namespace aloft::telemetry {
namespace {

Error Invalid(std::string why) {
  return Fail(kInvalidParameter, "Invalid filter pattern: " + std::move(why));
}

}  // namespace

Result<FilterPattern> FilterPattern::Parse(std::string_view pattern) {
  FilterPattern parsed;
  std::string_view rest = Trim(pattern);
  if (!rest.empty() && (rest[0] == '{' || rest[0] == '['))
    return Fail(kUnimplemented, "Filter patterns for JSON and for columns are not built in this Aloft; use terms");
  while (!rest.empty()) {
    std::vector<Term>* into = &parsed.all_;
    if (rest[0] == '?' || rest[0] == '-') {
      into = rest[0] == '?' ? &parsed.any_ : &parsed.none_;
      rest.remove_prefix(1);
      if (rest.empty()) return Invalid("a ? or - without its term");
    }
    Term term;
    if (rest[0] == '"') {
      std::size_t i = 1;
      for (; i < rest.size() && rest[i] != '"'; ++i) {
        if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
        term.text.push_back(rest[i]);
      }
      if (i == rest.size()) return Invalid("a quotation mark is missing");
      rest.remove_prefix(i + 1);
    } else if (rest[0] == '%') {
      std::size_t end = rest.find('%', 1);
      if (end == std::string_view::npos) return Invalid("a % is missing");
      RE2::Options options;
      options.set_log_errors(false);
      options.set_max_mem(1 << 20);
      auto expression = std::make_shared<RE2>(re2::StringPiece(rest.data() + 1, end - 1), options);
      if (!expression->ok()) return Invalid(expression->error());
      term.expression = std::move(expression);
      rest.remove_prefix(end + 1);
    } else {
      std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
      term.text = std::string(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    into->push_back(std::move(term));
    rest = Trim(rest);
  }
  return parsed;
}

bool FilterPattern::Term::Occurs(std::string_view message) const {
  if (expression) return RE2::PartialMatch(re2::StringPiece(message.data(), message.size()), *expression);
  return message.find(text) != std::string_view::npos;
}

bool FilterPattern::Matches(std::string_view message) const {
  auto occurs = [&](const Term& term) { return term.Occurs(message); };
  // A pattern of ? terms together with plain terms needs the plain ones only: CloudWatch ignores the ? terms then.
  bool any = any_.empty() || !all_.empty() || std::any_of(any_.begin(), any_.end(), occurs);
  return any && std::all_of(all_.begin(), all_.end(), occurs) && std::none_of(none_.begin(), none_.end(), occurs);
}

}  // namespace aloft::telemetry
