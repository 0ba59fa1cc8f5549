#include "foundation/base/fault_point.h"

#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <map>
#include <mutex>
#include <string>

#include "foundation/base/bytes.h"

namespace aloft {
namespace {

struct Fault {
  bool kill = false;
  std::uint64_t at = 0;
  std::uint64_t passed = 0;
};

struct Table {
  std::mutex mutex;
  std::map<std::string, Fault, std::less<>> faults;
};

// Fault points are compiled into leaf code that has no collaborators to be injected; the table is written only by
// tests.
Table& GlobalTable() {
  static Table table;
  return table;
}

}  // namespace

namespace internal {

std::atomic<bool> g_faults_armed{false};

std::optional<Error> PassFaultPoint(std::string_view name) {
  Table& table = GlobalTable();
  std::lock_guard lock(table.mutex);
  auto found = table.faults.find(name);
  if (found == table.faults.end()) return std::nullopt;
  Fault& fault = found->second;
  if (++fault.passed != fault.at) return std::nullopt;
  if (fault.kill) kill(getpid(), SIGKILL);
  return Error{kIoError, "An operation of the operating system failed.", "fault point " + std::string(name)};
}

}  // namespace internal

bool ArmFaultPoints(std::string_view specification) {
  if (specification.empty()) return true;
  Table& table = GlobalTable();
  std::lock_guard lock(table.mutex);
  table.faults.clear();
  for (std::string_view part : Split(specification, ',')) {
    auto equals = part.find('=');
    auto at = part.find('@');
    if (equals == std::string_view::npos || at == std::string_view::npos || at < equals) return false;
    Fault fault;
    std::string_view action = part.substr(equals + 1, at - equals - 1);
    if (action != "kill" && action != "error") return false;
    fault.kill = action == "kill";
    std::string_view count = part.substr(at + 1);
    auto parsed = std::from_chars(count.data(), count.data() + count.size(), fault.at);
    if (parsed.ec != std::errc() || parsed.ptr != count.data() + count.size() || fault.at == 0) return false;
    table.faults.emplace(std::string(part.substr(0, equals)), fault);
  }
  internal::g_faults_armed.store(!table.faults.empty(), std::memory_order_relaxed);
  return true;
}

}  // namespace aloft
