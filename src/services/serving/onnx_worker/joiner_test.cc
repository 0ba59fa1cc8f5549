#include "services/serving/onnx_worker/joiner.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <numeric>

#include "services/serving/onnx_worker/join.h"

namespace aloft::onnx_worker {
namespace {

using Outputs = std::vector<Output>;

Rows MakeRows(std::vector<double> values) {
  Rows rows;
  rows.shape = {static_cast<std::int64_t>(values.size()), 1};
  rows.values = std::move(values);
  return rows;
}

// Answers each number doubled. Calls can be held, and rows can depend on each other, so that a test sees what happens.
class PuppetModel final : public OnnxModel {
 public:
  explicit PuppetModel(ManualClock& clock) : clock_(clock) {}

  const std::vector<Input>& inputs() const override { return inputs_; }
  std::string runtime_version() const override { return "puppet"; }

  Result<Outputs> Run(std::span<const Rows> rows) const override {
    {
      std::unique_lock lock(mutex_);
      calls_.push_back(rows[0].shape[0]);
      changed_.notify_all();
      changed_.wait(lock, [&] { return !held_; });
    }
    clock_.Advance(std::chrono::milliseconds(5));  // whatever it computes
    double largest = 0;
    Output output{"doubled", rows[0].shape, {}, {}};
    std::vector<double> values;
    for (double value : rows[0].values) {
      if (value == 666) return Fail(kModelFailed, "a bad number");
      largest = std::max(largest, value);
      values.push_back(value * 2);
    }
    if (depends) {
      for (double& value : values) value += largest;
    }
    if (one_answer) output.shape = {1, 1}, values.resize(1);
    output.values = std::move(values);
    return Outputs{output};
  }

  void Hold(bool held) {
    std::lock_guard lock(mutex_);
    held_ = held;
    changed_.notify_all();
  }
  void WaitForCalls(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_.size() >= count; });
  }
  std::vector<std::int64_t> calls() const {
    std::lock_guard lock(mutex_);
    return calls_;
  }

  bool depends = false, one_answer = false;

 private:
  ManualClock& clock_;
  const std::vector<Input> inputs_{{"x", {-1, 1}, "FP64"}};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::vector<std::int64_t> calls_;
  bool held_ = false;
};

class JoinerTest : public testing::Test {
 protected:
  struct Told {
    Result<Outputs> outputs;
    int together = 0;
  };
  Joiner& Make(const batching::Settings& settings) {
    return *(joiner_ = std::make_unique<Joiner>(model_, settings, 1, pool_, clock_));
  }
  std::future<Told> Ask(Joiner& joiner, std::vector<double> values) {
    auto promise = std::make_shared<std::promise<Told>>();
    std::vector<Rows> rows{MakeRows(std::move(values))};
    joiner.Run(rows, [promise](Result<Outputs> outputs, int together) {
      promise->set_value({std::move(outputs), together});
    });
    return promise->get_future();
  }
  static std::vector<double> ValuesOf(const Told& told) {
    return std::get<std::vector<double>>(told.outputs.value()[0].values);
  }
  // Calls of a slow model that are full, until requests queue and calls take several.
  void MakeBusy(Joiner& joiner) {
    while (joiner.ExplainJson().find("at most 4 rows") == std::string::npos) {
      const std::size_t before = model_.calls().size();
      model_.Hold(true);
      std::vector<std::future<Told>> asked;
      asked.push_back(std::async(std::launch::async, [&] { return Ask(joiner, {1}).get(); }));
      model_.WaitForCalls(before + 1);
      for (int i = 0; i < 12; ++i) asked.push_back(Ask(joiner, {1.0 * i}));
      model_.Hold(false);
      for (auto& one : asked) ASSERT_TRUE(one.get().outputs.ok());
    }
  }

  ManualClock clock_;
  PuppetModel model_{clock_};
  std::unique_ptr<Joiner> joiner_;  // gone only after the pool: its last task may still look for more
  os::ThreadPool pool_{"joiner", 2, 64};
};

// What waits is computed together, each gets its own rows, and is told of how many it was one.
TEST_F(JoinerTest, JoinsWhatWaitsAndMixesNothing) {
  Joiner& joiner = Make({});
  MakeBusy(joiner);
  const std::size_t before = model_.calls().size();
  model_.Hold(true);
  auto first = Ask(joiner, {7});
  model_.WaitForCalls(before + 1);
  std::vector<std::future<Told>> asked;
  for (int i = 0; i < 8; ++i) asked.push_back(Ask(joiner, {i * 10.0}));
  model_.Hold(false);
  EXPECT_EQ(ValuesOf(first.get()), std::vector<double>{14});
  int together = 0;
  for (int i = 0; i < 8; ++i) {
    Told told = asked[static_cast<std::size_t>(i)].get();
    EXPECT_EQ(ValuesOf(told), std::vector<double>{i * 20.0});
    together = std::max(together, told.together);
  }
  EXPECT_GT(together, 1);
}

// One bad request does not take its neighbours along.
TEST_F(JoinerTest, ABadRequestFailsAlone) {
  Joiner& joiner = Make({});
  MakeBusy(joiner);
  const std::size_t before = model_.calls().size();
  model_.Hold(true);
  auto first = Ask(joiner, {7});
  model_.WaitForCalls(before + 1);
  auto good = Ask(joiner, {1}), bad = Ask(joiner, {666}), other = Ask(joiner, {2});
  model_.Hold(false);
  EXPECT_TRUE(first.get().outputs.ok());
  EXPECT_EQ(ValuesOf(good.get()), std::vector<double>{2});
  EXPECT_EQ(bad.get().outputs.error().message, "a bad number");
  EXPECT_EQ(ValuesOf(other.get()), std::vector<double>{4});
  EXPECT_EQ(joiner.ExplainJson().find("Nothing is joined"), std::string::npos);
}

// A model whose rows depend on each other (a normalization over the batch) is found out before anybody is told a wrong
// answer.
TEST_F(JoinerTest, RowsThatDependOnEachOtherAreFoundOut) {
  model_.depends = true;
  Joiner& joiner = Make({});
  for (int round = 0; round < 20 && joiner.ExplainJson().find("depend on") == std::string::npos; ++round) {
    const std::size_t before = model_.calls().size();
    model_.Hold(true);
    std::vector<std::future<Told>> asked;
    asked.push_back(std::async(std::launch::async, [&] { return Ask(joiner, {100}).get(); }));
    model_.WaitForCalls(before + 1);
    for (int i = 0; i < 12; ++i) asked.push_back(Ask(joiner, {1.0 * i}));
    model_.Hold(false);
    EXPECT_EQ(ValuesOf(asked[0].get()), std::vector<double>{300});
    for (int i = 0; i < 12; ++i)
      EXPECT_EQ(ValuesOf(asked[static_cast<std::size_t>(i) + 1].get()), std::vector<double>{3.0 * i});
  }
  EXPECT_NE(joiner.ExplainJson().find("depend on"), std::string::npos);
}

// Equal requests prove nothing: the first ones that differ are checked, however many were joined before.
TEST_F(JoinerTest, EqualRequestsProveNothing) {
  model_.depends = true;
  Joiner& joiner = Make({});
  auto round = [&](double step) {
    const std::size_t before = model_.calls().size();
    model_.Hold(true);
    std::vector<std::future<Told>> asked;
    asked.push_back(std::async(std::launch::async, [&] { return Ask(joiner, {0}).get(); }));
    model_.WaitForCalls(before + 1);
    for (int i = 0; i < 12; ++i) asked.push_back(Ask(joiner, {step * i}));
    model_.Hold(false);
    for (int i = 0; i < 12; ++i) {
      EXPECT_EQ(ValuesOf(asked[static_cast<std::size_t>(i) + 1].get()), std::vector<double>{3 * step * i});
    }
    EXPECT_TRUE(asked[0].get().outputs.ok());
  };
  for (int i = 0; i < 40; ++i) round(0);
  EXPECT_EQ(joiner.ExplainJson().find("depend on"), std::string::npos);
  EXPECT_EQ(joiner.ExplainJson().find(" 0 of them joined"), std::string::npos);
  round(1);
  EXPECT_NE(joiner.ExplainJson().find("depend on"), std::string::npos);
}

// What has more rows than a call may have is divided, and comes back as one answer in its order.
TEST_F(JoinerTest, DividesWhatIsTooLarge) {
  batching::Settings settings;
  settings.most = 4;
  settings.divides = true;
  Joiner& joiner = Make(settings);
  std::vector<double> values(10), doubled(10);
  std::iota(values.begin(), values.end(), 0);
  std::transform(values.begin(), values.end(), doubled.begin(), [](double value) { return 2 * value; });
  Told told = Ask(joiner, values).get();
  EXPECT_EQ(ValuesOf(told), doubled);
  EXPECT_EQ(told.outputs.value()[0].shape, (Shape{10, 1}));
  EXPECT_EQ(model_.calls(), (std::vector<std::int64_t>{4, 4, 2}));
  EXPECT_FALSE(Ask(joiner, {1, 2, 3, 4, 5, 666}).get().outputs.ok());
  model_.one_answer = true;
  EXPECT_NE(Ask(joiner, values).get().outputs.error().message.find("cannot be divided"), std::string::npos);
}

// Only what has the same columns and the same kind of values can be one call.
TEST(JoinTest, FormsSayWhatCanBeJoined) {
  const std::vector<Input> model{{"a", {-1, 3}, "FP32"}, {"b", {-1, -1}, "FP32"}};
  auto rows = [](Shape shape) { return Rows{std::move(shape), {1.0}}; };
  const std::string form = FormOf(model, {rows({2, 3}), rows({2, 7})});
  EXPECT_FALSE(form.empty());
  EXPECT_EQ(FormOf(model, {rows({5, 3}), rows({5, 7})}), form);
  EXPECT_NE(FormOf(model, {rows({5, 3}), rows({5, 8})}), form);
  EXPECT_EQ(FormOf(model, {rows({2, 3}), rows({3, 7})}), "");  // not as many rows each
  EXPECT_EQ(FormOf(model, {rows({2, 4}), rows({2, 7})}), "");  // not the model's shape
  EXPECT_EQ(FormOf(model, {rows({0, 3}), rows({0, 7})}), "");
  EXPECT_EQ(FormOf({{"a", {1, 3}, "FP32"}}, {rows({1, 3})}), "");  // the model's own number of rows
  EXPECT_EQ(FormOf({{"a", {}, "FP32"}}, {rows({1, 3})}), "");
}

}  // namespace
}  // namespace aloft::onnx_worker
