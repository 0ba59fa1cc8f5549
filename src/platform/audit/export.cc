#include "platform/audit/export.h"

#include <boost/json.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "platform/audit/read_records.h"
#include "platform/audit/records.h"
#include "platform/audit/signer.h"

namespace aloft::audit {
namespace {

constexpr std::size_t kPage = 256;
// A record is the last member of its line, as the very bytes that were digested.
constexpr std::string_view kRecordMember = ",\"event\":";
constexpr std::size_t kMaxLine = 16u << 20;

std::string Line(std::string_view kind, std::string_view key, std::string_view value) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("kind").String(kind).Key("key").String(codec::Base64Encode(key));
  json.Key("value").String(codec::Base64Encode(value)).EndObject();
  return out;
}

std::string RecordLine(const RecordName& name, std::string_view json_text) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("kind").String(name.data ? "data" : "record");
  json.Key("key").String(codec::Base64Encode(name.Key())).EndObject();
  out.pop_back();
  return out.append(kRecordMember).append(json_text).append("}");
}

class Exporter {
 public:
  Exporter(kv::Store& store, Time from, const std::function<Status(std::string_view)>& write)
      : store_(store), from_(from), write_(write) {}

  Result<ExportSummary> Run() {
    std::string header;
    codec::JsonWriter(header).BeginObject().Key("kind").String("aloft-audit").Key("version").Int(1).EndObject();
    ALOFT_TRY(write_(header));
    ALOFT_ASSIGN(PublicKeys keys, LoadPublicKeys(store_));
    for (const auto& [id, key] : keys) ALOFT_TRY(write_(Line("key", id, key)));
    ALOFT_ASSIGN(kv::ScanPage heads, store_.Scan(kHeads, {}));
    for (const kv::Entry& entry : heads.entries) {
      auto head = Position::Decode(entry.value);
      if (!head) return Fail(kCorrupt, "The head of chain " + entry.key + " cannot be read.");
      // The chain goes on meanwhile; this head is where this export ends.
      ALOFT_TRY(WriteChain(entry.key, head->sequence));
      ALOFT_TRY(write_(Line("head", entry.key, entry.value)));
      heads_[entry.key] = head->sequence;
    }
    ALOFT_TRY(WriteCheckpoints());
    return summary_;
  }

 private:
  Status WriteChain(const std::string& chain, std::uint64_t last) {
    kv::ScanRange range{.from = BlockKey(chain, 0), .to = BlockKey(chain, last + 1), .limit = kPage};
    bool begun = false;
    for (bool more = true; more;) {
      ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kBlocks, range));
      more = page.more;
      for (const kv::Entry& entry : page.entries) {
        range.from = entry.key + std::string(1, '\0');
        auto block = Block::Decode(entry.value);
        if (block && !begun && block->at < from_) continue;
        if (!begun) ALOFT_TRY(WriteStart(chain, block));
        begun = true;
        ALOFT_TRY(write_(Line("block", entry.key, entry.value)));
        ++summary_.blocks;
        if (block) ALOFT_TRY(WriteRecords(*block));
      }
    }
    if (!begun && last > 0) ALOFT_TRY(WriteEmpty(chain, last));
    return {};
  }

  // The start that the chain has by itself, or one that says where this export begins, which nobody signed.
  Status WriteStart(const std::string& chain, const std::optional<Block>& first) {
    ALOFT_ASSIGN(std::optional<kv::Entry> stored, store_.Get(kStarts, chain));
    auto start = stored ? Position::Decode(stored->value) : std::nullopt;
    std::uint64_t own = start ? start->sequence : 1;
    if (first && first->sequence != own)
      return write_(Line(
          "start", chain,
          Position{first->sequence, first->at, first->previous, std::string(8, '\0'), std::string(64, '\0')}.Encode()));
    return stored ? write_(Line("start", chain, stored->value)) : Status();
  }

  // Nothing of this chain is as new as asked for: it begins after its head.
  Status WriteEmpty(const std::string& chain, std::uint64_t last) {
    ALOFT_ASSIGN(std::optional<kv::Entry> head, store_.Get(kHeads, chain));
    auto position = head ? Position::Decode(head->value) : std::nullopt;
    if (!position || position->sequence != last) return {};
    return write_(
        Line("start", chain,
             Position{last + 1, position->at, position->hash, std::string(8, '\0'), std::string(64, '\0')}.Encode()));
  }

  // What is missing here a verification of the export finds missing, too.
  Status WriteRecords(const Block& block) {
    return ReadRecords(store_, block.entries, [&](const RecordName& name, std::string json) -> Status {
      ++summary_.records;
      return write_(RecordLine(name, json));
    });
  }

  Status WriteCheckpoints() {
    kv::ScanRange range{.from = CheckpointKey(from_, ""), .limit = kPage};
    for (bool more = true; more;) {
      ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kCheckpoints, range));
      more = page.more;
      for (const kv::Entry& entry : page.entries) {
        range.from = entry.key + std::string(1, '\0');
        ALOFT_ASSIGN(Checkpoint checkpoint, Checkpoint::Decode(entry.value));
        bool later = false;
        for (const auto& head : checkpoint.heads) later = later || heads_[head.chain] < head.sequence;
        if (!later) ALOFT_TRY(write_(Line("checkpoint", entry.key, entry.value)));
      }
    }
    return {};
  }

  kv::Store& store_;
  const Time from_;
  const std::function<Status(std::string_view)>& write_;
  std::map<std::string, std::uint64_t> heads_;
  ExportSummary summary_;
};

struct Parsed {
  std::string kind, key, value;
};

std::optional<Parsed> ParseLine(std::string_view line) {
  std::string_view record;
  std::string outer;
  if (auto at = line.find(kRecordMember); at != std::string_view::npos && line.ends_with('}')) {
    record = line.substr(at + kRecordMember.size());
    record.remove_suffix(1);
    outer = std::string(line.substr(0, at)) + "}";
    line = outer;
  }
  auto parsed = codec::ParseJson(line);
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  auto text = [&](const char* name) -> std::string {
    const auto* member = parsed->as_object().if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->as_string()) : std::string();
  };
  auto key = codec::Base64Decode(text("key")), value = codec::Base64Decode(text("value"));
  if (!key || !value) return std::nullopt;
  return Parsed{text("kind"), *key, record.empty() ? *value : EncodeRecord(record)};
}

std::string_view SpaceOf(std::string_view kind) {
  if (kind == "record") return kEvents;
  if (kind == "data") return kDataEvents;
  if (kind == "block") return kBlocks;
  if (kind == "head") return kHeads;
  if (kind == "start") return kStarts;
  if (kind == "checkpoint") return kCheckpoints;
  if (kind == "key") return kKeys;
  return {};
}

}  // namespace

Result<ExportSummary> Export(kv::Store& store, Time from, const std::function<Status(std::string_view line)>& write) {
  return Exporter(store, from, write).Run();
}

Result<std::unique_ptr<kv::Store>> LoadExport(const std::function<bool(std::string& line)>& next) {
  kv::Options options;
  options.engine = kv::Engine::kMemory;
  ALOFT_ASSIGN(std::unique_ptr<kv::Store> store, kv::Store::Open(std::move(options), Log::Discard()));
  std::string line;
  for (std::size_t number = 1; next(line); ++number) {
    if (line.empty()) continue;
    auto bad = [&](const std::string& why) { return Fail(kBadExport, "line " + std::to_string(number) + ": " + why); };
    if (line.size() > kMaxLine) return bad("too long");
    auto parsed = ParseLine(line);
    if (!parsed) return bad("this is no line of an export of the audit log");
    if (number == 1) {
      if (parsed->kind != "aloft-audit") return bad("an export begins with its kind and version");
      continue;
    }
    std::string_view space = SpaceOf(parsed->kind);
    if (space.empty()) return bad("unknown kind '" + parsed->kind + "'");
    // As signer.h stores it, without the sealed seed.
    std::string value = space == kKeys ? std::string(1, '\1') + parsed->value : std::move(parsed->value);
    ALOFT_ASSIGN(std::optional<kv::Entry> taken, store->Get(space, parsed->key));
    if (taken) return bad("this stands in the export twice");
    kv::Batch batch;
    batch.Put(std::string(space), std::move(parsed->key), std::move(value));
    if (auto applied = store->Apply(std::move(batch)); !applied.ok()) return bad(applied.error().message);
  }
  return store;
}

}  // namespace aloft::audit
