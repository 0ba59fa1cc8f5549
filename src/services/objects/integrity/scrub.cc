// The background check: a round over everything in pieces, whose place outlives the server.
#include "services/objects/integrity/integrity.h"
#include "services/objects/records/fields.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

constexpr char kVersion = 1;
constexpr std::string_view kPlace = "place";

struct Round {
  std::string place{};  // CheckReport::next of the piece before; empty: at the beginning
  Time finished{};      // of the round before
  CheckReport total{};
};

std::string Encode(const Round& round) {
  FieldWriter writer;
  writer.Raw(kVersion);
  writer.Bytes(1, round.place);
  writer.Number(2, static_cast<std::uint64_t>(ToMicros(round.finished)));
  writer.Number(3, round.total.entries);
  writer.Number(4, round.total.blobs);
  writer.Number(5, round.total.problems);
  writer.Number(6, round.total.verified_bytes);
  return writer.Take();
}

// What cannot be read is no reason not to check: the round begins anew.
Round DecodeRound(std::string_view bytes) {
  Round round;
  if (bytes.empty() || bytes.front() != kVersion) return round;
  FieldReader reader(bytes.substr(1));
  while (reader.Next()) {
    switch (reader.id()) {
      case 1: round.place = reader.bytes(); break;
      case 2: round.finished = FromMicros(static_cast<std::int64_t>(reader.number())); break;
      case 3: round.total.entries = reader.number(); break;
      case 4: round.total.blobs = reader.number(); break;
      case 5: round.total.problems = reader.number(); break;
      case 6: round.total.verified_bytes = reader.number(); break;
      default: break;
    }
  }
  return reader.ok() ? round : Round{};
}

}  // namespace

Result<ScrubStep> Scrub(Core& core, const CheckOptions& options, std::chrono::microseconds interval,
                        const std::function<void(const Problem&)>& report) {
  ALOFT_ASSIGN(auto stored, core.store.Get(kScrubSpace, kPlace));
  Round round = stored ? DecodeRound(stored->value) : Round{};
  ScrubStep step;
  auto rest = round.finished + interval - core.clock.Now();
  if (round.place.empty() && round.finished != Time{} && rest.count() > 0) {
    step.wait = std::chrono::duration_cast<std::chrono::microseconds>(rest);
    return step;
  }
  CheckOptions piece = options;
  piece.from = round.place;
  auto checked = Check(core, piece, report);
  if (!checked.ok() && checked.error().reason == kInvalidToken) {
    piece.from.clear();
    round.total = {};
    checked = Check(core, piece, report);
  }
  if (!checked.ok()) return std::move(checked).error();
  if (piece.from.empty()) round.total = {};
  round.total.entries += checked->entries;
  round.total.blobs += checked->blobs;
  round.total.problems += checked->problems;
  round.total.verified_bytes += checked->verified_bytes;
  round.place = checked->next;
  step.finished = checked->complete();
  if (step.finished) {
    round.finished = core.clock.Now();
    step.wait = interval;
  }
  step.total = round.total;
  kv::Batch batch;
  batch.Put(kScrubSpace, std::string(kPlace), Encode(round));
  ALOFT_TRY(core.store.Apply(std::move(batch)));
  return step;
}

}  // namespace aloft::objects
