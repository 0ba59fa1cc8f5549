// JSON of rows, without building a tree.
#include <charconv>
#include <cmath>

#include "services/serving/onnx_worker/decode.h"

namespace aloft::onnx_worker {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::string_view kRowMembers[] = {"instances", "inputs", "features", "data"};

class Parser {
 public:
  Parser(std::string_view text, Rows& rows)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), rows_(rows) {}

  Status Run() {
    Space();
    if (at_ == end_) return Bad("it is empty");
    if (*at_ == '{') {
      ALOFT_TRY(Object());
    } else {
      ALOFT_TRY(ReadRows());
    }
    Space();
    if (at_ != end_) return Bad("there is text after its end");
    return {};
  }

 private:
  Error Bad(std::string_view why) const {
    return Fail(kBadBody, "The body is not valid application/json: " + std::string(why) + " (at byte " +
                              std::to_string(at_ - begin_) + ")");
  }

  void Space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool Take(char c) {
    Space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  // Members other than the rows are skipped, as a model server ignores parameters it does not know.
  Status Object() {
    ++at_;
    bool found = false;
    if (!Take('}')) {
      do {
        Space();
        std::string_view name;
        ALOFT_TRY(Text(&name));
        if (!Take(':')) return Bad("a ':' is missing");
        Space();
        bool is_rows = false;
        for (std::string_view member : kRowMembers) is_rows = is_rows || member == name;
        if (is_rows && found) return Fail(kBadBody, "The JSON object holds rows twice");
        if (is_rows) {
          found = true;
          ALOFT_TRY(ReadRows());
          if (name == "features" && rows_.shape.size() == 1) rows_.shape.insert(rows_.shape.begin(), 1);
        } else {
          ALOFT_TRY(Skip(0));
        }
      } while (Take(','));
      if (!Take('}')) return Bad("a '}' is missing");
    }
    if (!found) return Fail(kBadBody, "The JSON object has none of the members instances, inputs, features, data");
    return {};
  }

  Status ReadRows() {
    if (at_ == end_ || *at_ != '[') return Fail(kBadBody, "The rows are no JSON list");
    deepest_ = -1;
    return List(0);
  }

  // The first list of each depth fixes the length of all others of that depth.
  Status List(int depth) {
    if (depth >= kMaxDepth) return Bad("it is nested too deeply");
    ++at_;
    bool first = static_cast<int>(rows_.shape.size()) <= depth;
    if (first) rows_.shape.push_back(-1);
    std::int64_t length = 0;
    if (!Take(']')) {
      do {
        Space();
        if (at_ == end_) return Bad("it is cut off");
        ++length;
        if (*at_ == '[') {
          if (deepest_ == depth) return Ragged();
          ALOFT_TRY(List(depth + 1));
        } else {
          if (deepest_ < 0 && static_cast<int>(rows_.shape.size()) == depth + 1) deepest_ = depth;
          if (deepest_ != depth) return Ragged();
          ALOFT_TRY(Number());
        }
      } while (Take(','));
      if (!Take(']')) return Bad("a ']' is missing");
    }
    std::int64_t& expected = rows_.shape[static_cast<std::size_t>(depth)];
    if (expected < 0) expected = length;
    if (expected != length) return Ragged();
    return {};
  }

  Error Ragged() const { return Fail(kBadBody, "The rows do not all have the same length"); }

  Status Number() {
    char c = *at_;
    if (c == 't' && Word("true")) return Push(1);
    if (c == 'f' && Word("false")) return Push(0);
    if (c == '"') return Fail(kBadBody, "The rows hold a text; this model takes numbers");
    if (c == 'n') return Fail(kBadBody, "The rows hold a null or NaN; this model takes numbers");
    if (c != '-' && (c < '0' || c > '9')) return Bad("a number is malformed");
    double value = 0;
    auto [stop, error] = std::from_chars(at_, end_, value);
    if (error == std::errc::result_out_of_range) return Bad("a number is too large or too small");
    if (error != std::errc() || !std::isfinite(value)) return Bad("a number is malformed");
    at_ = stop;
    return Push(value);
  }

  Status Push(double value) {
    rows_.values.push_back(value);
    return {};
  }

  bool Word(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() || std::string_view(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  // Escapes are passed over, not decoded: no name of ours has any.
  Status Text(std::string_view* text) {
    if (at_ == end_ || *at_ != '"') return Bad("a name is missing");
    const char* start = ++at_;
    while (at_ != end_ && *at_ != '"') at_ += (*at_ == '\\' && end_ - at_ > 1) ? 2 : 1;
    if (at_ == end_) return Bad("a text is cut off");
    *text = std::string_view(start, static_cast<std::size_t>(at_ - start));
    ++at_;
    return {};
  }

  Status Skip(int depth) {
    if (depth >= kMaxDepth) return Bad("it is nested too deeply");
    if (at_ == end_) return Bad("it is cut off");
    std::string_view ignored;
    if (*at_ == '"') return Text(&ignored);
    if (*at_ != '{' && *at_ != '[') {
      const char* start = at_;
      while (at_ != end_ && std::string_view(",]} \n\r\t").find(*at_) == std::string_view::npos) ++at_;
      return at_ == start ? Status(Bad("a value is missing")) : Status();
    }
    bool object = *at_++ == '{';
    char close = object ? '}' : ']';
    if (Take(close)) return {};
    do {
      Space();
      if (object) {
        ALOFT_TRY(Text(&ignored));
        if (!Take(':')) return Bad("a ':' is missing");
        Space();
      }
      ALOFT_TRY(Skip(depth + 1));
    } while (Take(','));
    return Take(close) ? Status() : Status(Bad("a bracket is missing"));
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  Rows& rows_;
  int deepest_ = -1;  // the depth at which the numbers are; -1: none seen yet
};

}  // namespace

Status DecodeJson(std::string_view body, Rows& rows) {
  return Parser(body, rows).Run();
}

}  // namespace aloft::onnx_worker
