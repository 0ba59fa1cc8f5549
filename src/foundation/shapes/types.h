// The C++ types that generated structs are made of, beside the standard ones.
#pragma once

#include <boost/json/fwd.hpp>
#include <compare>
#include <memory>
#include <string>
#include <utility>

namespace aloft::shapes {

struct Blob {
  std::string bytes;
  friend auto operator<=>(const Blob&, const Blob&) = default;
  friend bool operator==(const Blob&, const Blob&) = default;
};

// Members of a request that the model does not know, kept as they came so that Describe echoes them. Copies share one
// immutable object.
class Unknown {
 public:
  bool empty() const { return members_ == nullptr; }
  // Null where there is none.
  const boost::json::object* members() const { return members_.get(); }
  void Set(boost::json::object members);

 private:
  std::shared_ptr<const boost::json::object> members_;
};

// Any JSON value (a model's document type). Copies share one immutable value.
class Document {
 public:
  // Null where nothing was set, which reads as JSON null.
  const boost::json::value* value() const { return value_.get(); }
  void Set(boost::json::value value);

 private:
  std::shared_ptr<const boost::json::value> value_;
};

// A value on the heap that copies like a value: a struct that contains itself.
template <class T>
class Box {
 public:
  Box() : value_(std::make_unique<T>()) {}
  Box(T value) : value_(std::make_unique<T>(std::move(value))) {}  // NOLINT(google-explicit-constructor)
  Box(const Box& other) : value_(std::make_unique<T>(*other.value_)) {}
  Box(Box&& other) noexcept = default;
  Box& operator=(const Box& other) {
    if (this != &other) value_ = std::make_unique<T>(*other.value_);
    return *this;
  }
  Box& operator=(Box&& other) noexcept = default;
  ~Box() = default;

  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

 private:
  std::unique_ptr<T> value_;  // null only after a move
};

}  // namespace aloft::shapes
