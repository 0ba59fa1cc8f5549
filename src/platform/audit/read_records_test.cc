#include "platform/audit/read_records.h"

#include <gtest/gtest.h>

#include "foundation/kv/testing_engines.h"
#include "platform/audit/packed_record.h"

namespace aloft::audit {
namespace {

RecordName NameAt(std::int64_t micros, char id, bool data = true) {
  return {data, "123456789012", Time(std::chrono::microseconds(micros)), std::string(kIdBytes, id)};
}

std::string JsonOf(const RecordName& name) {
  return R"({"at":)" + std::to_string(name.at.time_since_epoch().count()) + R"(,"id":")" + name.id + R"("})";
}

class ReadRecordsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kv::Options options;
    options.engine = kv::Engine::kMemory;
    store_ = kv::Store::Open(std::move(options), Log::Discard()).value();
  }

  void Store(const RecordName& name) {
    kv::Batch batch;
    batch.Put(std::string(name.space()), name.Key(), PackRecord(EncodeRecord(JsonOf(name))));
    ASSERT_TRUE(store_->Apply(std::move(batch)).ok());
  }

  std::vector<std::string> Read(const std::vector<RecordName>& names) {
    std::vector<Block::Entry> entries;
    for (const RecordName& name : names) entries.push_back({name, std::string(kDigestBytes, '\0')});
    std::vector<std::string> out;
    EXPECT_TRUE(ReadRecords(*store_, entries, [&](const RecordName& name, std::string json) -> Status {
                  EXPECT_EQ(json, JsonOf(name));
                  out.push_back(name.id.substr(0, 1));
                  return {};
                }).ok());
    return out;
  }

  std::unique_ptr<kv::Store> store_;
};

// A block names its records in the order in which calls ended; they are found whatever that was, in both spaces.
TEST_F(ReadRecordsTest, FindsWhatABlockNames) {
  for (const auto& name : {NameAt(3, 'c'), NameAt(1, 'a'), NameAt(2, 'b', false)}) Store(name);
  EXPECT_EQ(Read({NameAt(3, 'c'), NameAt(2, 'b', false), NameAt(1, 'a')}), (std::vector<std::string>{"b", "a", "c"}));
}

// What others wrote between is not the block's, and what was pruned is left out without losing what follows.
TEST_F(ReadRecordsTest, LeavesOutWhatIsMissingAndWhatIsNotAskedFor) {
  for (const auto& name : {NameAt(1, 'a'), NameAt(1, 'x'), NameAt(5, 'y'), NameAt(9, 'e')}) Store(name);
  EXPECT_EQ(Read({NameAt(1, 'a'), NameAt(4, 'c'), NameAt(9, 'e'), NameAt(10, 'f')}),
            (std::vector<std::string>{"a", "e"}));
  EXPECT_TRUE(Read({NameAt(4, 'c')}).empty());
  EXPECT_TRUE(Read({}).empty());
}

// A call that began long ago lies far from the others of its block: all that lies between is not read.
TEST_F(ReadRecordsTest, SkipsOverALongGap) {
  Store(NameAt(0, 'a'));
  for (int i = 1; i < 3000; ++i) Store(NameAt(i, 'z'));
  Store(NameAt(5000, 'b'));
  Store(NameAt(5001, 'c'));
  EXPECT_EQ(Read({NameAt(0, 'a'), NameAt(5000, 'b'), NameAt(5001, 'c')}), (std::vector<std::string>{"a", "b", "c"}));
}

}  // namespace
}  // namespace aloft::audit
