#include "platform/audit/verify.h"

#include <algorithm>
#include <map>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "platform/audit/packed_record.h"

namespace aloft::audit {
namespace {

constexpr std::size_t kPage = 256;

// Of a stored record. What cannot be unpacked is no record of ours: its bytes stand for themselves, and match nothing.
std::string DigestOf(std::string_view stored) {
  const auto plain = UnpackRecord(stored);
  return crypto::Sha256(plain ? std::string_view(*plain) : stored);
}

class Verifier {
 public:
  Verifier(kv::Store& store, const VerifyOptions& options) : store_(store), options_(options) {}

  Result<VerifyReport> Run() {
    keys_ = options_.trusted;
    if (keys_.empty()) {
      ALOFT_ASSIGN(keys_, LoadPublicKeys(store_));
    }
    ALOFT_TRY(LoadHeads());
    for (const auto& [chain, head] : heads_) WalkChain(chain, head);
    CheckCheckpoints();
    if (options_.known) CheckAgainst(*options_.known, "the given checkpoint");
    CountPending();
    FindInserted(false);
    FindInserted(true);
    return std::move(report_);
  }

 private:
  void Find(const std::string& chain, std::uint64_t block, std::string record, std::string what) {
    ++report_.found;
    if (report_.findings.size() < options_.max_findings)
      report_.findings.push_back({chain, block, std::move(record), std::move(what)});
  }

  // Every page of a range; what cannot be read is a finding.
  template <class F>
  void Walk(std::string_view space, kv::ScanRange range, F each) {
    range.limit = kPage;
    for (bool more = true; more;) {
      auto page = store_.Scan(space, range);
      if (!page.ok()) return Find("", 0, "", std::string(space) + " cannot be read: " + aloft::Describe(page.error()));
      more = page->more;
      for (const kv::Entry& entry : page->entries) {
        each(entry);
        range.from = entry.key + std::string(1, '\0');
      }
    }
  }

  Status LoadHeads() {
    ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kHeads, {}));
    for (const kv::Entry& entry : page.entries) {
      auto head = Position::Decode(entry.value);
      if (!head || !IsGenuine(*head, kHeadPurpose, entry.key, keys_)) {
        Find(entry.key, 0, "", "the head's signature is false");
        if (!head) continue;
      }
      heads_[entry.key] = *head;
      ++report_.chains;
    }
    return {};
  }

  // Where the chain begins: its first block, or what retention left.
  Position StartOf(const std::string& chain) {
    Position start{1, {}, NoHash(), {}, {}};
    auto stored = store_.Get(kStarts, chain);
    if (!stored.ok() || !*stored) return start;
    auto kept = Position::Decode((*stored)->value);
    if (!kept) {
      Find(chain, 0, "", "the start cannot be read");
      return start;
    }
    if (kept->signature == std::string(64, '\0'))
      report_.notes.push_back("chain " + chain + " begins at block " + std::to_string(kept->sequence) +
                              ": what came before is not part of this export");
    else if (!IsGenuine(*kept, kStartPurpose, chain, keys_))
      Find(chain, kept->sequence, "", "the start's signature is false");
    return *kept;
  }

  void WalkChain(const std::string& chain, const Position& head) {
    Position start = StartOf(chain);
    std::uint64_t next = start.sequence;
    std::string previous = start.hash;
    bool linked = true;
    kv::ScanRange range{.from = BlockKey(chain, 0), .to = chain + "0"};
    Walk(kBlocks, range, [&](const kv::Entry& entry) {
      auto block = Block::Decode(entry.value);
      if (!block || block->chain != chain || BlockKey(chain, block->sequence) != entry.key) {
        Find(chain, next, "", "the block cannot be read, or stands in another's place");
        ++next;
        linked = false;
        return;
      }
      if (block->sequence < start.sequence) return Find(chain, block->sequence, "", "the block lies before the start");
      if (block->sequence > head.sequence)
        return Find(chain, block->sequence, "", "the block lies after the signed head");
      for (; next < block->sequence; ++next, linked = false) Find(chain, next, "", "the block is missing");
      if (linked && block->previous != previous)
        Find(chain, block->sequence, "", "the block does not follow the one before it: one of the two was changed");
      previous = HashOf(entry.value);
      hashes_[{chain, block->sequence}] = previous;
      linked = true;
      ++next;
      ++report_.blocks;
      CheckRecords(*block);
    });
    for (; next <= head.sequence; ++next, linked = false) Find(chain, next, "", "the block is missing");
    if (linked && previous != head.hash)
      Find(chain, head.sequence, "", "the last block is not the one that the signed head names: it was changed");
  }

  void CheckRecords(const Block& block) {
    std::map<std::string, std::string> expected;  // digest -> whose
    for (const auto& entry : block.entries) expected[entry.digest] = IdText(entry.name.id);
    for (const auto& entry : block.entries) {
      ++report_.records;
      ids_[entry.name.data].push_back(entry.name.Key());
      auto stored = store_.Get(entry.name.space(), entry.name.Key());
      std::string id = IdText(entry.name.id);
      if (!stored.ok()) {
        Find(block.chain, block.sequence, id, "cannot be read: " + aloft::Describe(stored.error()));
      } else if (!*stored) {
        Find(block.chain, block.sequence, id, "is missing");
      } else if (std::string digest = DigestOf((*stored)->value); digest != entry.digest) {
        auto other = expected.find(digest);
        Find(block.chain, block.sequence, id,
             other == expected.end() ? "was changed" : "was swapped: the text of record " + other->second + " is here");
      }
    }
  }

  void CheckAgainst(const Checkpoint& checkpoint, const std::string& name) {
    if (!IsGenuine(checkpoint, keys_)) return Find(checkpoint.replica, 0, "", "the signature of " + name + " is false");
    for (const auto& head : checkpoint.heads) {
      if (head.sequence == 0) continue;
      auto found = heads_.find(head.chain);
      if (found == heads_.end() || found->second.sequence < head.sequence) {
        Find(head.chain, head.sequence, "", "the chain ends before a block that " + name + " names: it was cut");
        continue;
      }
      auto hash = hashes_.find({head.chain, head.sequence});
      if (hash != hashes_.end() && hash->second != head.hash)
        Find(head.chain, head.sequence, "", "the block is not the one that " + name + " names");
    }
  }

  void CheckCheckpoints() {
    std::map<std::string, std::string> last;  // replica -> hash of its checkpoint before
    Walk(kCheckpoints, {}, [&](const kv::Entry& entry) {
      auto checkpoint = Checkpoint::Decode(entry.value);
      if (!checkpoint.ok() || CheckpointKey(checkpoint->at, checkpoint->replica) != entry.key)
        return Find("", 0, "", "a checkpoint cannot be read, or stands in another's place");
      ++report_.checkpoints;
      std::string name = "the checkpoint of " + std::to_string(ToMicros(checkpoint->at));
      auto before = last.find(checkpoint->replica);
      if (before != last.end() && before->second != checkpoint->previous)
        Find(checkpoint->replica, 0, "", "a checkpoint before " + name + " is missing");
      CheckAgainst(*checkpoint, name);
      last[checkpoint->replica] = crypto::Sha256(entry.value);
      report_.last_checkpoint = entry.value;
    });
  }

  void CountPending() {
    Walk(kPending, {.keys_only = true}, [&](const kv::Entry& entry) {
      auto slash = entry.key.find('/');
      auto name =
          slash == std::string::npos ? std::nullopt : RecordName::Decode(std::string_view(entry.key).substr(slash + 1));
      if (!name) return Find("", 0, "", "a mark of a pending record cannot be read");
      ++report_.pending;
      ids_[name->data].push_back(name->Key());
    });
  }

  // Records that no block names and that do not wait for one.
  void FindInserted(bool data) {
    std::vector<std::string>& known = ids_[data];
    std::ranges::sort(known);
    for (std::size_t i = 1; i < known.size(); ++i)
      if (known[i] == known[i - 1])
        Find("", 0, IdText(known[i].substr(known[i].size() - kIdBytes)), "stands in two blocks");
    std::size_t at = 0;
    Walk(data ? kDataEvents : kEvents, {.keys_only = true}, [&](const kv::Entry& entry) {
      while (at < known.size() && known[at] < entry.key) ++at;
      if (at < known.size() && known[at] == entry.key) return;
      auto name = RecordName::FromKey(data, entry.key);
      Find("", 0, name ? IdText(name->id) : "?", "was inserted: no block names it");
    });
  }

  kv::Store& store_;
  const VerifyOptions& options_;
  PublicKeys keys_;
  VerifyReport report_;
  std::map<std::string, Position> heads_;
  std::map<std::pair<std::string, std::uint64_t>, std::string> hashes_;
  std::vector<std::string> ids_[2];  // the keys of records that blocks name: management, data
};

}  // namespace

Result<VerifyReport> Verify(kv::Store& store, const VerifyOptions& options) {
  return Verifier(store, options).Run();
}

std::string Describe(const Finding& finding) {
  std::string out = finding.chain.empty() ? "" : "chain " + finding.chain;
  if (finding.block != 0) out += std::string(out.empty() ? "" : ", ") + "block " + std::to_string(finding.block);
  if (!finding.record.empty()) out += std::string(out.empty() ? "" : ", ") + "record " + finding.record;
  return out + (out.empty() ? "" : ": ") + finding.what;
}

}  // namespace aloft::audit
