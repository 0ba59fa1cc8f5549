// How the tests of what every backend must do (backend_contract_test.cc) reach one: a backend's own test instantiates
// them with how it is made.
//
//   INSTANTIATE_TEST_SUITE_P(Process, BackendContract, testing::Values(MakeProcessHarness));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "platform/compute/test_support.h"

namespace aloft::compute {

class BackendContract : public testing::TestWithParam<std::function<std::unique_ptr<TaskHarness>()>> {
 protected:
  BackendContract() : harness_(GetParam()()) {}
  void SetUp() override {
    if (std::string gap = harness_->gap(); !gap.empty()) GTEST_SKIP() << gap;
  }
  Backend& backend() { return harness_->backend(); }

  std::unique_ptr<TaskHarness> harness_;
};

}  // namespace aloft::compute
