// Result<T>: a value or an Error. Status is Result<void>. No exception crosses a room's edge; this does.
//
//   Result<Bucket> GetBucket(std::string_view name);
//
//   ALOFT_ASSIGN(Bucket bucket, GetBucket(name));   // returns the error of the enclosing function's Result
//   ALOFT_TRY(DeleteBucket(bucket));                // the same for a Status
//   return Fail(kNoSuchBucket, "The specified bucket does not exist");
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "foundation/base/check.h"
#include "foundation/base/error.h"

namespace aloft {

template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)
  template <class U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
             !std::is_same_v<std::remove_cvref_t<U>, T> && !std::is_same_v<std::remove_cvref_t<U>, Error>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    ALOFT_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    ALOFT_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    ALOFT_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    ALOFT_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    ALOFT_CHECK(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& {
    ALOFT_CHECK(!ok());
    return *error_;
  }
  Error&& error() && {
    ALOFT_CHECK(!ok());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

inline Error Fail(Reason reason, std::string message, std::string detail = {}) {
  return Error{reason, std::move(message), std::move(detail)};
}

}  // namespace aloft

#define ALOFT_CONCAT_INNER(a, b) a##b
#define ALOFT_CONCAT(a, b) ALOFT_CONCAT_INNER(a, b)

#define ALOFT_ASSIGN_IMPL(result, declaration, ...) \
  auto result = (__VA_ARGS__);                      \
  if (!result.ok()) [[unlikely]]                    \
    return std::move(result).error();               \
  declaration = std::move(result).value()

// Declares or assigns the value of a Result, or returns its error.
#define ALOFT_ASSIGN(declaration, ...) ALOFT_ASSIGN_IMPL(ALOFT_CONCAT(result_, __COUNTER__), declaration, __VA_ARGS__)

#define ALOFT_TRY_IMPL(status, ...)                             \
  do {                                                          \
    if (auto status = (__VA_ARGS__); !status.ok()) [[unlikely]] \
      return std::move(status).error();                         \
  } while (false)

// Returns the error of a Status (or of a Result whose value is not wanted). May stand inside the closure of another.
#define ALOFT_TRY(...) ALOFT_TRY_IMPL(ALOFT_CONCAT(status_, __COUNTER__), __VA_ARGS__)
