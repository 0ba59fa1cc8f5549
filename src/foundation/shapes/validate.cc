#include "foundation/shapes/validate.h"

#include <re2/re2.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "foundation/codec/utf8.h"
#include "foundation/shapes/errors.h"
#include "foundation/shapes/scalar.h"
#include "foundation/shapes/types.h"

namespace aloft::shapes {
namespace {

constexpr std::size_t kMaxViolations = 10;
constexpr std::size_t kMaxShownValue = 512;

// Compiled patterns live for ever: there are as many as the models name, each made at its first use.
const re2::RE2* Compiled(std::string_view pattern) {
  static std::shared_mutex mutex;
  static std::map<std::string_view, std::unique_ptr<re2::RE2>> patterns;
  {
    std::shared_lock lock(mutex);
    if (auto found = patterns.find(pattern); found != patterns.end()) return found->second.get();
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(false);
  auto compiled = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  std::unique_lock lock(mutex);
  return patterns.try_emplace(pattern, std::move(compiled)).first->second.get();
}

// A bound as AWS shows it: 63, 0.5.
std::string Bound(double value) {
  if (std::trunc(value) == value && std::fabs(value) < 9.3e18) {
    if (value >= 9.2233720368547758e18) return "9223372036854775807";
    return std::to_string(static_cast<long long>(value));
  }
  return FormatFloat(value, false);
}

std::string CamelCase(std::string_view name) {
  std::string result(name);
  // "TrainingJobName" -> "trainingJobName", "VPCId" -> "vPCId": AWS lowers one letter.
  if (!result.empty() && result[0] >= 'A' && result[0] <= 'Z') result[0] = static_cast<char>(result[0] - 'A' + 'a');
  return result;
}

class Validator {
 public:
  void Check(const Shape& shape, const void* value, const std::string& path) {
    if (violations_.size() >= kMaxViolations) return;
    if (shape.constraints != nullptr) CheckConstraints(shape, value, path);
    switch (shape.kind) {
      case Kind::kStructure: return CheckStructure(shape, value, path);
      case Kind::kList: return CheckList(shape, value, path);
      case Kind::kMap: return CheckMap(shape, value, path);
      default: return;
    }
  }

  Status Finish() const {
    if (violations_.empty()) return {};
    std::string message =
        std::to_string(violations_.size()) + " validation error" + (violations_.size() == 1 ? "" : "s") + " detected: ";
    for (std::size_t i = 0; i < violations_.size(); ++i) message += (i > 0 ? "; " : "") + violations_[i];
    return Fail(kValidation, std::move(message));
  }

 private:
  void CheckStructure(const Shape& shape, const void* value, const std::string& path) {
    std::size_t set = 0;
    for (const Member& member : shape.members) {
      const void* item = member.Get(value);
      std::string here = path.empty() ? CamelCase(member.name) : path + "." + CamelCase(member.name);
      if (item == nullptr) {
        if (member.required && violations_.size() < kMaxViolations)
          violations_.push_back("Value null at '" + here + "' failed to satisfy constraint: Member must not be null");
        continue;
      }
      ++set;
      Check(*member.shape, item, here);
    }
    if (shape.is_union && set != 1 && violations_.size() < kMaxViolations)
      violations_.push_back("Value at '" + path +
                            "' failed to satisfy constraint: Member must have exactly one member " + "set, " +
                            std::to_string(set) + " are");
  }

  void CheckList(const Shape& shape, const void* value, const std::string& path) {
    std::size_t size = shape.list->size(value);
    for (std::size_t i = 0; i < size; ++i)
      Check(*shape.element, shape.list->at(value, i), path + "." + std::to_string(i + 1) + ".member");
  }

  void CheckMap(const Shape& shape, const void* value, const std::string& path) {
    struct Context {
      Validator* self;
      const Shape* shape;
      const std::string* path;
    } context{this, &shape, &path};
    shape.map->visit(value, &context, [](void* opaque, const std::string& key, const void* item) {
      auto& [self, owner, where] = *static_cast<Context*>(opaque);
      if (owner->key != nullptr) self->Check(*owner->key, &key, *where + ".key");
      self->Check(*owner->element, item, *where + "." + key + ".member");
    });
  }

  void CheckConstraints(const Shape& shape, const void* value, const std::string& path) {
    const Constraints& limits = *shape.constraints;
    switch (shape.kind) {
      case Kind::kString: return CheckString(shape, *static_cast<const std::string*>(value), path);
      case Kind::kInteger: return CheckNumber(shape, *static_cast<const std::int32_t*>(value), value, path);
      case Kind::kLong: return CheckNumber(shape, double(*static_cast<const std::int64_t*>(value)), value, path);
      case Kind::kFloat: return CheckNumber(shape, *static_cast<const float*>(value), value, path);
      case Kind::kDouble: return CheckNumber(shape, *static_cast<const double*>(value), value, path);
      case Kind::kBlob:
        return CheckLength(shape, static_cast<const Blob*>(value)->bytes.size(), "java.nio.HeapByteBuffer", path);
      case Kind::kList: return CheckLength(shape, shape.list->size(value), "[...]", path);
      case Kind::kMap: return CheckLength(shape, shape.map->size(value), "{...}", path);
      default: static_cast<void>(limits); return;
    }
  }

  void CheckString(const Shape& shape, const std::string& value, const std::string& path) {
    const Constraints& limits = *shape.constraints;
    CheckLength(shape, codec::CountCharacters(value), value, path);
    if (!limits.pattern.empty()) {
      const re2::RE2* pattern = Compiled(limits.pattern);
      if (pattern->ok() && !re2::RE2::FullMatch(value, *pattern))
        Add(shape, value, path, "Member must satisfy regular expression pattern: " + std::string(limits.shown_pattern));
    }
    if (!limits.values.empty() && !limits.open && std::ranges::find(limits.values, value) == limits.values.end()) {
      std::string list;
      for (std::string_view allowed : limits.values) list += (list.empty() ? "" : ", ") + std::string(allowed);
      Add(shape, value, path, "Member must satisfy enum value set: [" + list + "]");
    }
  }

  void CheckLength(const Shape& shape, std::size_t length, std::string_view shown, const std::string& path) {
    const Constraints& limits = *shape.constraints;
    if (limits.HasMin() && double(length) < limits.min)
      Add(shape, shown, path, "Member must have length greater than or equal to " + Bound(limits.min));
    if (limits.HasMax() && double(length) > limits.max)
      Add(shape, shown, path, "Member must have length less than or equal to " + Bound(limits.max));
  }

  void CheckNumber(const Shape& shape, double number, const void* value, const std::string& path) {
    const Constraints& limits = *shape.constraints;
    std::string shown;
    FormatScalar(shape, value, TimestampFormat::kDefault, shown);
    if (limits.HasMin() && number < limits.min)
      Add(shape, shown, path, "Member must have value greater than or equal to " + Bound(limits.min));
    if (limits.HasMax() && number > limits.max)
      Add(shape, shown, path, "Member must have value less than or equal to " + Bound(limits.max));
  }

  void Add(const Shape& shape, std::string_view shown, const std::string& path, const std::string& constraint) {
    if (violations_.size() >= kMaxViolations) return;
    std::string value = shape.sensitive ? "Value" : "Value '" + std::string(shown.substr(0, kMaxShownValue)) + "'";
    violations_.push_back(value + " at '" + path + "' failed to satisfy constraint: " + constraint);
  }

  std::vector<std::string> violations_;
};

}  // namespace

bool IsUsablePattern(std::string_view pattern) {
  return Compiled(pattern)->ok();
}

Status Validate(const Shape& shape, const void* value) {
  Validator validator;
  validator.Check(shape, value, "");
  return validator.Finish();
}

}  // namespace aloft::shapes
