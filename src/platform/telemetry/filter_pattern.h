// The filter patterns of CloudWatch Logs for unstructured text: `ERROR`, `"two words"`, `?WARN ?ERROR`, `-debug`,
// `%regex%`. Every plain term must occur, at least one of the `?` terms, none of the `-` terms; case counts. JSON
// patterns
// ({ $.a = 1 }) and column patterns ([a, b]) are not built and refused by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace re2 {
class RE2;
}

namespace aloft::telemetry {

class FilterPattern {
 public:
  static Result<FilterPattern> Parse(std::string_view pattern);
  bool Matches(std::string_view message) const;

 private:
  struct Term {
    std::string text;
    std::shared_ptr<const re2::RE2> expression;  // instead of text
    bool Occurs(std::string_view message) const;
  };
  std::vector<Term> all_, any_, none_;
};

}  // namespace aloft::telemetry
