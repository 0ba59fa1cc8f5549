#include "platform/audit/verify.h"

#include <gmock/gmock.h>

#include "foundation/base/bytes.h"
#include "foundation/crypto/ed25519.h"
#include "platform/audit/export.h"
#include "platform/audit/packed_record.h"
#include "platform/audit/testing_log.h"

namespace aloft::audit {
namespace {

using ::testing::HasSubstr;

// A log of three blocks of three records, with a checkpoint.
class VerifyTest : public AuditTest {
 protected:
  void SetUp() override {
    AuditTest::SetUp();
    for (int block = 0; block < 3; ++block) {
      for (int i = 0; i < 3; ++i) ids_.push_back(ReadSomething());
      Seal();
    }
    ASSERT_TRUE(log_->CheckpointNow().ok());
    ASSERT_TRUE(Check().intact()) << Findings(Check());
  }
  std::vector<kv::Entry> All(std::string_view space) { return store_->Scan(space, {})->entries; }
  void Put(std::string_view space, const std::string& key, const std::string& value) {
    kv::Batch batch;
    batch.Put(std::string(space), key, value);
    ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  }
  void Delete(std::string_view space, const std::string& key) {
    kv::Batch batch;
    batch.Delete(std::string(space), key);
    ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  }
  // One finding, that says so.
  void ExpectFound(const std::string& what) {
    VerifyReport report = Check();
    EXPECT_EQ(report.found, 1u) << Findings(report);
    EXPECT_THAT(Findings(report), HasSubstr(what));
  }
  std::vector<std::string> Lines() {
    std::vector<std::string> lines;
    auto done = Export(*store_, Time{}, [&](std::string_view line) -> Status {
      lines.emplace_back(line);
      return {};
    });
    EXPECT_TRUE(done.ok()) << Describe(done.error());
    return lines;
  }
  static Result<VerifyReport> VerifyLines(const std::vector<std::string>& lines) {
    std::size_t at = 0;
    ALOFT_ASSIGN(auto store, LoadExport([&](std::string& line) {
                   if (at >= lines.size()) return false;
                   line = lines[at++];
                   return true;
                 }));
    return Verify(*store);
  }

  std::vector<std::string> ids_;
};
INSTANTIATE_TEST_SUITE_P(Engines, VerifyTest, ::testing::Values(false, true), AuditEngineName);

// One changed letter in one record, as someone with the database's password would change it.
TEST_P(VerifyTest, AFlippedRecordIsFound) {
  kv::Entry record = All(kEvents)[4];
  record.value[100] ^= 1;
  Put(kEvents, record.key, record.value);
  ExpectFound("chain a, block 2, record " + ids_[4] + ": was changed");
}

// Releases before the packing kept records plain: their chains are as good, and so are chains of both kinds.
TEST_P(VerifyTest, PlainRecordsOfEarlierReleasesAreInTheChain) {
  for (const kv::Entry& record : All(kEvents)) {
    ASSERT_LT(record.value.size(), UnpackRecord(record.value)->size());
    Put(kEvents, record.key, *UnpackRecord(record.value));
  }
  ReadSomething();
  Seal();
  VerifyReport report = Check();
  EXPECT_TRUE(report.intact()) << Findings(report);
  EXPECT_EQ(report.records, 10u);
  EXPECT_EQ(Found(Everything()).size(), 10u);
  kv::Entry record = All(kEvents)[4];
  record.value[100] ^= 1;
  Put(kEvents, record.key, record.value);
  ExpectFound("record " + ids_[4] + ": was changed");
}

// Two records that change places keep all their bytes.
TEST_P(VerifyTest, SwappedRecordsAreFound) {
  auto records = All(kEvents);
  Put(kEvents, records[0].key, records[1].value);
  Put(kEvents, records[1].key, records[0].value);
  VerifyReport report = Check();
  EXPECT_EQ(report.found, 2u);
  EXPECT_THAT(Findings(report), HasSubstr("record " + ids_[0] + ": was swapped: the text of record " + ids_[1]));
}

// A record that is gone.
TEST_P(VerifyTest, ACutRecordIsFound) {
  Delete(kEvents, All(kEvents)[8].key);
  ExpectFound("chain a, block 3, record " + ids_[8] + ": is missing");
}

// A record that nobody made: without and with a mark that asks for a place in the chain.
TEST_P(VerifyTest, AnInsertedRecordIsFoundEvenWithAForgedMark) {
  RecordName name{false, "123456789012", clock_.Now(), std::string(16, 'x')};
  Put(kEvents, name.Key(), EncodeRecord("{}"));
  ExpectFound("record " + IdText(name.id) + ": was inserted");
  Put(kPending, "a/" + name.Encode(), std::string(32, 'm'));
  Crash();
  Seal();
  ExpectFound("record " + IdText(name.id) + ": was inserted");
}

// A block that is gone, in the middle and at the end.
TEST_P(VerifyTest, ACutBlockIsFound) {
  auto blocks = All(kBlocks);
  Delete(kBlocks, blocks[1].key);
  VerifyReport report = Check();
  EXPECT_THAT(Findings(report), HasSubstr("chain a, block 2: the block is missing"));
  Put(kBlocks, blocks[1].key, blocks[1].value);
  ASSERT_TRUE(Check().intact());
  Delete(kBlocks, blocks[2].key);
  EXPECT_THAT(Findings(Check()), HasSubstr("chain a, block 3: the block is missing"));
}

// Whoever changes a record and its block must change all that follow, and cannot sign the end.
TEST_P(VerifyTest, ARewrittenChainIsFoundByTheHead) {
  auto blocks = All(kBlocks);
  std::string previous = NoHash();
  for (auto& each : blocks) {
    Block block = *Block::Decode(each.value);
    block.previous = previous;
    if (block.sequence == 1) {
      Delete(kEvents, block.entries[0].name.Key());
      block.entries.erase(block.entries.begin());
    }
    each.value = block.Encode();
    previous = HashOf(each.value);
    Put(kBlocks, each.key, each.value);
  }
  EXPECT_THAT(Findings(Check()), HasSubstr("not the one that the signed head names"));
  // With a head of the forger's own making and key.
  Position head = *Position::Decode(All(kHeads)[0].value);
  head.hash = previous;
  head.signature = crypto::Ed25519Sign(std::string(32, 'f'), head.Signed(kHeadPurpose, "a"));
  Put(kHeads, "a", head.Encode());
  EXPECT_THAT(Findings(Check()), HasSubstr("the head's signature is false"));
}

// An older head and no later blocks are a consistent store: the checkpoint knows better.
TEST_P(VerifyTest, ATailCutBackToAnOlderHeadIsFoundByCheckpoints) {
  std::string checkpoint = Check().last_checkpoint;
  kv::Entry head = All(kHeads)[0];
  ReadSomething();
  Seal();
  ASSERT_TRUE(log_->CheckpointNow().ok());
  std::string later = Check().last_checkpoint;
  auto blocks = All(kBlocks);
  Delete(kEvents, All(kEvents)[9].key);
  Delete(kBlocks, blocks[3].key);
  Put(kHeads, "a", head.value);
  EXPECT_THAT(Findings(Check()), HasSubstr("the chain ends before a block that the checkpoint of"));
  // And where the checkpoints are cut too, the one that somebody kept.
  Delete(kCheckpoints, All(kCheckpoints)[1].key);
  EXPECT_TRUE(Check().intact());
  VerifyOptions options;
  options.known = *Checkpoint::Decode(later);
  EXPECT_THAT(Findings(Check(options)), HasSubstr("the chain ends before a block that the given checkpoint names"));
  options.known = *Checkpoint::Decode(checkpoint);
  EXPECT_TRUE(Check(options).intact());
}

// A checkpoint that is changed, or taken out between two others.
TEST_P(VerifyTest, AForgedOrMissingCheckpointIsFound) {
  for (int i = 0; i < 2; ++i) {
    ReadSomething();
    Seal();
    ASSERT_TRUE(log_->CheckpointNow().ok());
  }
  auto checkpoints = All(kCheckpoints);
  ASSERT_EQ(checkpoints.size(), 3u);
  Delete(kCheckpoints, checkpoints[1].key);
  ExpectFound("a checkpoint before");
  Put(kCheckpoints, checkpoints[1].key, checkpoints[1].value);
  Checkpoint forged = *Checkpoint::Decode(checkpoints[2].value);
  forged.heads[0].sequence = 1;
  Put(kCheckpoints, checkpoints[2].key, forged.Encode());
  EXPECT_THAT(Findings(Check()), HasSubstr("the signature of the checkpoint"));
}

// A key of one's own beside the records does not help against the auditor's copy of the true one.
TEST_P(VerifyTest, AnotherSigningKeyIsFoundByWhoKnowsTheTrueOne) {
  PublicKeys true_keys = *LoadPublicKeys(*store_);
  for (const auto& space : {kBlocks, kHeads, kCheckpoints, kKeys, kEvents})
    for (const auto& entry : All(space)) Delete(space, entry.key);
  auto other = keys::Keyring::Ephemeral(random_);
  keyring_.swap(other);
  OpenLog();
  ReadSomething();
  Seal();
  EXPECT_TRUE(Check().intact()) << "consistent by itself";
  VerifyOptions options;
  options.trusted = true_keys;
  EXPECT_THAT(Findings(Check(options)), HasSubstr("the head's signature is false"));
  std::string id = LoadPublicKeys(*store_)->begin()->first;
  EXPECT_TRUE(*BelongsTo(*store_, *keyring_, id));
  EXPECT_FALSE(*BelongsTo(*store_, *other, id));
}

// An export is proven like the store it came from, and shows the same tampering.
TEST_P(VerifyTest, AnExportIsVerifiedLikeTheStore) {
  auto lines = Lines();
  auto report = VerifyLines(lines);
  ASSERT_TRUE(report.ok()) << Describe(report.error());
  EXPECT_TRUE(report->intact()) << Findings(*report);
  EXPECT_EQ(report->records, 9u);
  EXPECT_EQ(report->checkpoints, 1u);
  std::vector<std::size_t> records;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (lines[i].starts_with(R"({"kind":"record")")) records.push_back(i);
  ASSERT_EQ(records.size(), 9u);

  auto changed = lines;
  auto at = changed[records[3]].find("alice");
  changed[records[3]].replace(at, 5, "malic");
  EXPECT_THAT(Findings(*VerifyLines(changed)), HasSubstr("block 2, record " + ids_[3] + ": was changed"));

  auto cut = lines;
  cut.erase(cut.begin() + static_cast<std::ptrdiff_t>(records[3]));
  EXPECT_THAT(Findings(*VerifyLines(cut)), HasSubstr("record " + ids_[3] + ": is missing"));

  auto doubled = lines;
  doubled.push_back(lines[records[3]]);
  EXPECT_EQ(VerifyLines(doubled).error().reason, kBadExport);

  auto garbled = lines;
  garbled[5] = "{";
  auto refused = VerifyLines(garbled);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("line 6"));
}

// The end of a long log is worth an export by itself; what came before is said to be elsewhere.
TEST_P(VerifyTest, AnExportOfTheEndSaysWhereItBegins) {
  Time from = clock_.Now();
  clock_.Advance(std::chrono::hours(1));
  ReadSomething();
  Seal();
  std::vector<std::string> lines;
  auto summary = Export(*store_, from + std::chrono::minutes(1), [&](std::string_view line) -> Status {
    lines.emplace_back(line);
    return {};
  });
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->records, 1u);
  auto report = VerifyLines(lines);
  ASSERT_TRUE(report.ok()) << Describe(report.error());
  EXPECT_TRUE(report->intact()) << Findings(*report);
  ASSERT_EQ(report->notes.size(), 1u);
  EXPECT_THAT(report->notes[0], HasSubstr("begins at block 4"));
}

}  // namespace
}  // namespace aloft::audit
