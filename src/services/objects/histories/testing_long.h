// How long the tests that draw at random go on: by default as long as a test may, with ALOFT_SOAK (make soak) many
// times that, from a new seed each time. Test code only.
#pragma once

#include <rapidcheck.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

namespace aloft::objects {

inline bool IsSoak() {
  return std::getenv("ALOFT_SOAK") != nullptr;
}

// `usual` times what the soak form multiplies by.
inline int Rounds(int usual) {
  return IsSoak() ? usual * 20 : usual;
}

// ALOFT_SEED repeats a run; the seed is said where it is drawn.
inline std::uint64_t RandomSeed(std::uint64_t usual) {
  if (const char* given = std::getenv("ALOFT_SEED")) return std::strtoull(given, nullptr, 10);
  if (!IsSoak()) return usual;
  const std::uint64_t drawn = std::random_device()();
  std::cerr << "ALOFT_SEED=" << drawn << "\n";
  return drawn;
}

// A property over `usual` cases, or that many times more in the soak form. RC_PARAMS still says the rest (seed=...).
template <class Testable>
bool CheckProperty(int usual, Testable&& testable) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = Rounds(usual);
  const auto result = rc::detail::checkTestable(std::forward<Testable>(testable), rc::detail::TestMetadata{}, params);
  rc::detail::printResultMessage(result, std::cerr);
  std::cerr << std::endl;
  return result.template is<rc::detail::SuccessResult>();
}

}  // namespace aloft::objects
