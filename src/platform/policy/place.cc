#include "platform/policy/statement.h"

namespace aloft::policy::internal {
namespace {

// Walks JSON that is known to be well formed, counting lines. Skips; never builds.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n'))
      Step();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void Take() {
    peek();
    Step();
  }
  // A string, its quotes included.
  std::string_view String() {
    peek();
    const std::size_t begin = at_;
    Step();
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\') Step();
      Step();
    }
    Step();
    return text_.substr(begin, at_ - begin);
  }
  void Value() {
    int depth = 0;
    do {
      const char c = peek();
      if (c == '\0') return;
      if (c == '"') {
        String();
      } else {
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        Step();
        // A number or a word of several letters.
        while (depth == 0 && at_ < text_.size() && IsWord(c) && IsWord(text_[at_])) Step();
      }
    } while (depth > 0);
  }
  int line() const { return line_; }
  int column() const { return column_; }

 private:
  static bool IsWord(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
  }
  void Step() {
    if (at_ >= text_.size()) return;
    if (text_[at_++] == '\n') {
      ++line_;
      column_ = 1;
    } else {
      ++column_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1, column_ = 1;
};

Place Here(Walker& walker) {
  Place out;
  walker.peek();
  out.start_line = walker.line();
  out.start_column = walker.column();
  walker.Value();
  out.end_line = walker.line();
  out.end_column = walker.column();
  return out;
}

std::vector<Place> InStatements(Walker& walker) {
  if (walker.peek() != '[') return {Here(walker)};
  std::vector<Place> out;
  walker.Take();
  while (walker.peek() != ']' && walker.peek() != '\0') {
    out.push_back(Here(walker));
    if (walker.peek() == ',') walker.Take();
  }
  return out;
}

}  // namespace

std::vector<Place> FindPlaces(std::string_view document) {
  Walker walker(document);
  if (walker.peek() != '{') return {};
  walker.Take();
  while (walker.peek() == '"') {
    const std::string_view name = walker.String();
    if (walker.peek() == ':') walker.Take();
    if (name == "\"Statement\"") return InStatements(walker);
    walker.Value();
    if (walker.peek() == ',') walker.Take();
  }
  return {};
}

}  // namespace aloft::policy::internal
