#include "services/serving/onnx_worker/join.h"

#include <algorithm>
#include <cmath>

namespace aloft::onnx_worker {
namespace {

std::size_t RowSize(std::size_t size, std::int64_t rows) {
  return rows > 0 ? size / static_cast<std::size_t>(rows) : 0;
}

template <class T>
std::vector<T> Part(const std::vector<T>& values, std::int64_t rows, std::int64_t first, std::int64_t count) {
  const auto width = static_cast<std::ptrdiff_t>(RowSize(values.size(), rows));
  return std::vector<T>(values.begin() + first * width, values.begin() + (first + count) * width);
}

template <class T>
void Add(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

template <class T>
bool Near(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) == std::isnan(b);
    if (a == b) return true;
    return std::abs(a - b) <= T(1e-5) + T(1e-4) * std::max(std::abs(a), std::abs(b));
  } else {
    return a == b;
  }
}

}  // namespace

std::string FormOf(const std::vector<Input>& model, const std::vector<Rows>& rows) {
  std::string form;
  if (rows.size() != model.size()) return form;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Shape &wanted = model[i].shape, &given = rows[i].shape;
    if (wanted.empty() || wanted[0] >= 0 || given.size() != wanted.size()) return {};
    if (given[0] < 1 || given[0] != rows[0].shape[0]) return {};
    for (std::size_t k = 1; k < given.size(); ++k) {
      if (given[k] < 1 || (wanted[k] >= 0 && wanted[k] != given[k])) return {};
      form += std::to_string(given[k]);
      form += ',';
    }
    form += !rows[i].texts.empty() ? 't' : !rows[i].integers.empty() ? 'i' : 'n';
  }
  return form;
}

std::vector<Rows> Join(const std::vector<const std::vector<Rows>*>& parts) {
  std::vector<Rows> joined(parts[0]->size());
  for (std::size_t i = 0; i < joined.size(); ++i) {
    joined[i].shape = (*parts[0])[i].shape;
    joined[i].shape[0] = 0;
    for (const std::vector<Rows>* part : parts) {
      const Rows& rows = (*part)[i];
      joined[i].shape[0] += rows.shape[0];
      Add(joined[i].values, rows.values);
      Add(joined[i].integers, rows.integers);
      Add(joined[i].texts, rows.texts);
    }
  }
  return joined;
}

bool AreSame(const std::vector<const std::vector<Rows>*>& parts) {
  auto same = [](const Rows& a, const Rows& b) {
    return a.values == b.values && a.integers == b.integers && a.texts == b.texts;
  };
  return std::all_of(parts.begin(), parts.end(), [&](const std::vector<Rows>* part) {
    return std::equal(part->begin(), part->end(), parts[0]->begin(), parts[0]->end(), same);
  });
}

std::vector<Rows> Slice(const std::vector<Rows>& rows, std::int64_t first, std::int64_t count) {
  std::vector<Rows> part(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t all = rows[i].shape[0];
    part[i].shape = rows[i].shape;
    part[i].shape[0] = count;
    part[i].values = Part(rows[i].values, all, first, count);
    part[i].integers = Part(rows[i].integers, all, first, count);
    part[i].texts = Part(rows[i].texts, all, first, count);
  }
  return part;
}

bool HaveRows(const std::vector<Output>& outputs, std::int64_t rows) {
  return std::all_of(outputs.begin(), outputs.end(),
                     [&](const Output& output) { return !output.shape.empty() && output.shape[0] == rows; });
}

std::vector<Output> Slice(const std::vector<Output>& outputs, std::int64_t first, std::int64_t count) {
  std::vector<Output> part(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    part[i].name = outputs[i].name;
    part[i].classes = outputs[i].classes;
    part[i].shape = outputs[i].shape;
    part[i].shape[0] = count;
    std::visit([&](const auto& values) { part[i].values = Part(values, outputs[i].shape[0], first, count); },
               outputs[i].values);
  }
  return part;
}

bool Append(std::vector<Output>& outputs, std::vector<Output> more) {
  if (outputs.size() != more.size()) return false;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    Output& to = outputs[i];
    if (to.values.index() != more[i].values.index() || to.classes != more[i].classes) return false;
    if (to.shape.size() != more[i].shape.size() || to.shape.empty()) return false;
    if (!std::equal(to.shape.begin() + 1, to.shape.end(), more[i].shape.begin() + 1)) return false;
    to.shape[0] += more[i].shape[0];
    std::visit([&](auto& values) { Add(values, std::get<std::decay_t<decltype(values)>>(more[i].values)); }, to.values);
  }
  return true;
}

bool AreAlike(const std::vector<Output>& a, const std::vector<Output>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].shape != b[i].shape || a[i].values.index() != b[i].values.index() || a[i].classes != b[i].classes) {
      return false;
    }
    const bool same = std::visit(
        [&](const auto& values) {
          const auto& others = std::get<std::decay_t<decltype(values)>>(b[i].values);
          return std::equal(values.begin(), values.end(), others.begin(), others.end(),
                            [](const auto& x, const auto& y) { return Near(x, y); });
        },
        a[i].values);
    if (!same) return false;
  }
  return true;
}

}  // namespace aloft::onnx_worker
