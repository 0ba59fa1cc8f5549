// The access tables of C++ types; included by generated sources.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foundation/shapes/shape.h"
#include "foundation/shapes/types.h"

namespace aloft::shapes {

template <class T>
struct OptionalFunctions {
  static const void* Get(const void* optional) {
    const auto& value = *static_cast<const std::optional<T>*>(optional);
    return value ? static_cast<const void*>(&*value) : nullptr;
  }
  static void* Emplace(const Shape&, void* optional) { return &static_cast<std::optional<T>*>(optional)->emplace(); }
};
template <class T>
struct OptionalFunctions<Box<T>> {
  static const void* Get(const void* optional) {
    const auto& value = *static_cast<const std::optional<Box<T>>*>(optional);
    return value ? static_cast<const void*>(&**value) : nullptr;
  }
  static void* Emplace(const Shape&, void* optional) {
    return &*static_cast<std::optional<Box<T>>*>(optional)->emplace();
  }
};
template <class T>
inline constexpr OptionalAccess kOptional{&OptionalFunctions<T>::Get, &OptionalFunctions<T>::Emplace};

// List is std::vector<T> or std::deque<bool>.
template <class List>
struct ListFunctions {
  static std::size_t Size(const void* list) { return static_cast<const List*>(list)->size(); }
  static const void* At(const void* list, std::size_t index) { return &(*static_cast<const List*>(list))[index]; }
  static void* Append(const Shape&, void* list) { return &static_cast<List*>(list)->emplace_back(); }
};
template <class List>
inline constexpr ListAccess kList{&ListFunctions<List>::Size, &ListFunctions<List>::At, &ListFunctions<List>::Append};

template <class T>
struct MapFunctions {
  using Map = std::map<std::string, T>;
  static std::size_t Size(const void* map) { return static_cast<const Map*>(map)->size(); }
  static void Visit(const void* map, void* context, MapVisitor visitor) {
    for (const auto& [key, value] : *static_cast<const Map*>(map)) visitor(context, key, &value);
  }
  static void* Emplace(const Shape&, void* map, std::string key) { return &(*static_cast<Map*>(map))[std::move(key)]; }
};
template <class T>
inline constexpr MapAccess kMap{&MapFunctions<T>::Size, &MapFunctions<T>::Visit, &MapFunctions<T>::Emplace};

// Shapes of scalars that a model does not constrain.
inline constexpr Shape kAnyBoolean{.kind = Kind::kBoolean, .name = "Boolean"};
inline constexpr Shape kAnyInteger{.kind = Kind::kInteger, .name = "Integer"};
inline constexpr Shape kAnyLong{.kind = Kind::kLong, .name = "Long"};
inline constexpr Shape kAnyFloat{.kind = Kind::kFloat, .name = "Float"};
inline constexpr Shape kAnyDouble{.kind = Kind::kDouble, .name = "Double"};
inline constexpr Shape kAnyString{.kind = Kind::kString, .name = "String"};
inline constexpr Shape kAnyTimestamp{.kind = Kind::kTimestamp, .name = "Timestamp"};
inline constexpr Shape kAnyBlob{.kind = Kind::kBlob, .name = "Blob"};
inline constexpr Shape kAnyDocument{.kind = Kind::kDocument, .name = "Document"};

}  // namespace aloft::shapes
