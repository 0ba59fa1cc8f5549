// Holds the stored chains against themselves: finds a record that was changed, swapped, cut or inserted, and says
// where. Needs no server and no secret; reads only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foundation/kv/store.h"
#include "platform/audit/records.h"
#include "platform/audit/signer.h"

namespace aloft::audit {

struct VerifyOptions {
  PublicKeys trusted{};               // empty: those that stand beside the records
  std::optional<Checkpoint> known{};  // a checkpoint that was kept elsewhere: finds a log that was rolled back
  std::size_t max_findings = 100;
};

struct Finding {
  std::string chain;
  std::uint64_t block = 0;  // 0: of no block
  std::string record;       // the event's id; empty: the block itself
  std::string what;         // "was changed", "is missing", ...
};

struct VerifyReport {
  std::vector<Finding> findings;  // the first ones
  std::uint64_t found = 0;        // how many there are
  std::uint64_t chains = 0, blocks = 0, records = 0, checkpoints = 0;
  std::uint64_t pending = 0;       // committed with their change, not in a block yet
  std::vector<std::string> notes;  // what was not held against anything
  std::string last_checkpoint;     // whole; empty: none yet

  bool intact() const { return found == 0; }
};

// An error only where the store cannot be read at all; damage that is met on the way is a finding.
Result<VerifyReport> Verify(kv::Store& store, const VerifyOptions& options = {});

// "chain c, block 7 (record 3f2b...): was changed".
std::string Describe(const Finding& finding);

}  // namespace aloft::audit
