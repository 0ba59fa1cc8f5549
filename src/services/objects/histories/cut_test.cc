// The power cut before and after each durable step of each operation: what was acknowledged is there, what was not is
// whole or absent, nothing that an entry needs is gone, and the store goes on.
#include "services/objects/histories/testing_cut.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {
namespace {

class CutTest : public ObjectsTest {
 protected:
  using Operation = std::function<Status(Service&)>;

  std::unique_ptr<Service> Open(kv::Store& store, blob::Store& blobs, blob::Store& archive) {
    Limits limits;
    limits.inline_bytes = 64;
    limits.min_part_bytes = 100;
    limits.min_compress_bytes = 128;
    return std::make_unique<Service>(store, blobs, clock_, random_, Log::Discard(), limits, Keys{}, &archive);
  }

  // Before each cut `prepare` makes the world; after it `check` is told whether the operation was acknowledged.
  void CutEverywhere(const Operation& prepare, const Operation& operation, const std::function<void(bool)>& check) {
    objects_ = Open(*store_, blobs_, archive_);
    for (bool after : {false, true}) {
      bool acknowledged = false;
      for (int cut_at = 1; !acknowledged; ++cut_at) {
        ASSERT_LT(cut_at, 50);
        auto prepared = prepare(*objects_);
        ASSERT_TRUE(prepared.ok()) << Describe(prepared.error());
        Power power{.cut_at = cut_at, .after = after};
        CutStore store(*store_, power);
        CutBlobs blobs(blobs_, power), archive(archive_, power);
        {
          auto service = Open(store, blobs, archive);
          acknowledged = operation(*service).ok();
        }
        ASSERT_EQ(acknowledged, !power.dead);
        SCOPED_TRACE((after ? "after step " : "before step ") + std::to_string(cut_at));
        check(acknowledged);
        ExpectSound();
      }
    }
  }

  void ExpectSound() {
    clock_.Advance(std::chrono::hours(2));
    ASSERT_TRUE(objects_->Reclaim(std::chrono::minutes(1), 100'000).ok());
    ASSERT_TRUE(objects_->SweepOrphans(std::chrono::hours(1)).ok());
    auto report = objects_->Check({.verify = true}, [](const Problem& problem) { ADD_FAILURE() << problem.what; });
    EXPECT_TRUE(report.ok());
  }

  Status PutBody(Service& service, const std::string& key, const std::string& body) {
    ALOFT_TRY(service.Put(account_, {.bucket = "data", .key = key}, body));
    return {};
  }
  Status Remove(Service& service, const std::string& key) {
    ALOFT_TRY(service.DeleteObject(account_, {.bucket = "data", .key = key}));
    return {};
  }
  std::string StorageClass() { return objects_->HeadObject(account_, "data", "k")->attributes.storage_class; }

  MemoryBlobs archive_{clock_};
  const std::string old_ = Bytes(1000, 'o');
  const std::string new_ = Bytes(2000, 'n');
};
INSTANTIATE_TEST_SUITE_P(Engines, CutTest, testing::Values(kv::Engine::kMemory), kv::EngineName);

// A new object is there whole, or not at all.
TEST_P(CutTest, Put) {
  for (const std::string& body : {std::string("small"), new_})
    CutEverywhere([&](Service& s) { return Remove(s, "k"); }, [&](Service& s) { return PutBody(s, "k", body); },
                  [&](bool acknowledged) {
                    std::string got = MustGet("k");
                    EXPECT_TRUE(got == body || (!acknowledged && got.starts_with("NoSuchKey"))) << got;
                  });
}

// An overwritten object is the old one or the new one, in a bucket with versions too.
TEST_P(CutTest, Overwrite) {
  for (bool versions : {false, true}) {
    if (versions) {
      ASSERT_TRUE(objects_->SetVersioning(account_, "data", Versioning::kEnabled).ok());
    }
    CutEverywhere([&](Service& s) { return PutBody(s, "k", old_); }, [&](Service& s) { return PutBody(s, "k", new_); },
                  [&](bool acknowledged) {
                    std::string got = MustGet("k");
                    EXPECT_TRUE(got == new_ || (!acknowledged && got == old_));
                  });
  }
}

// A completed upload is an object; one that was not can be completed again, and gives the same object.
TEST_P(CutTest, Complete) {
  CompleteRequest completion;
  std::string whole = Bytes(200, 'a') + Bytes(30, 'b');
  CutEverywhere(
      [&](Service& s) -> Status {
        ALOFT_TRY(Remove(s, "k"));
        UploadInfo upload = MustCreateUpload("k");
        ALOFT_ASSIGN(Part first, PutPart(upload, 1, Bytes(200, 'a')));
        ALOFT_ASSIGN(Part second, PutPart(upload, 2, Bytes(30, 'b')));
        ALOFT_TRY(PutPart(upload, 3, Bytes(300, 'c')));  // not wanted: its bytes go
        completion = Completion(upload, {first, second});
        return {};
      },
      [&](Service& s) -> Status {
        ALOFT_TRY(s.CompleteUpload(account_, completion));
        return {};
      },
      [&](bool) {
        auto again = objects_->CompleteUpload(account_, completion);
        EXPECT_TRUE(again.ok()) << Describe(again.error());
        EXPECT_EQ(MustGet("k"), whole);
      });
}

// A deleted object is gone, or still whole.
TEST_P(CutTest, Delete) {
  CutEverywhere([&](Service& s) { return PutBody(s, "k", old_); }, [&](Service& s) { return Remove(s, "k"); },
                [&](bool acknowledged) {
                  std::string got = MustGet("k");
                  EXPECT_TRUE(got.starts_with("NoSuchKey") || (!acknowledged && got == old_));
                });
}

// A move between classes loses nothing, whichever class it ends in; so does the way back.
TEST_P(CutTest, TransitionAndRestore) {
  for (const char* target : {"STANDARD_IA", "GLACIER"}) {
    std::string body(5000, 'z');
    CutEverywhere([&](Service& s) { return PutBody(s, "k", body); },
                  [&](Service& s) { return s.Transition(account_, "data", "k", "", target); },
                  [&](bool acknowledged) {
                    if (acknowledged) {
                      EXPECT_EQ(StorageClass(), target);
                    }
                    if (StorageClass() == "GLACIER") {
                      ASSERT_TRUE(objects_->RestoreObject(account_, "data", "k", "", 1).ok());
                    }
                    EXPECT_EQ(MustGet("k"), body);
                  });
  }
  CutEverywhere(
      [&](Service& s) -> Status {
        ALOFT_TRY(PutBody(s, "k", old_));
        return s.Transition(account_, "data", "k", "", "GLACIER");
      },
      [&](Service& s) -> Status {
        ALOFT_TRY(s.RestoreObject(account_, "data", "k", "", 1));
        return {};
      },
      [&](bool acknowledged) {
        if (!acknowledged) {
          ASSERT_TRUE(objects_->RestoreObject(account_, "data", "k", "", 1).ok());
        }
        EXPECT_EQ(MustGet("k"), old_);
      });
}

// Reclaim that dies half-way takes nothing that is held, and the next one takes the rest.
TEST_P(CutTest, Reclaim) {
  CutEverywhere(
      [&](Service& s) -> Status {
        ALOFT_TRY(PutBody(s, "k", old_));
        ALOFT_TRY(PutBody(s, "gone", old_));
        ALOFT_TRY(PutBody(s, "k", new_));
        ALOFT_TRY(Remove(s, "gone"));
        clock_.Advance(std::chrono::hours(1));
        return {};
      },
      [&](Service& s) -> Status {
        ALOFT_TRY(s.Reclaim(std::chrono::minutes(1)));
        return {};
      },
      [&](bool) {
        EXPECT_EQ(MustGet("k"), new_);
        ExpectSound();
        EXPECT_EQ(blobs_.count(), 1u);
      });
}

}  // namespace
}  // namespace aloft::objects
