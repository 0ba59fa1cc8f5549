// Random histories against a plain model: every operation that changes a key, in buckets with and without versions and
// lock, while the power is cut at any durable step and the server starts again. A history that fails shrinks. The same
// on every engine of records and with bytes in a bucket of another endpoint.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

#include "services/objects/histories/testing_history.h"
#include "services/objects/histories/testing_long.h"

namespace aloft::objects {
namespace {

class History : private HistoryGround {
 public:
  History(const Ground& ground, bool lock) : HistoryGround(ground, lock) {}

  void Run(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      Do(step);
      for (const char* key : {"a", "b"}) RC_ASSERT(Look(key) == model_[key]);
    }
    clock_.Advance(std::chrono::hours(3));
    Reclaim(*service_);
    auto report = service_->Check({.verify = true}, [](const Problem& problem) { RC_FAIL(problem.what); });
    RC_ASSERT(report.ok());
    CheckBlobs(*blobs_);
    CheckBlobs(*archive_);
  }

 private:
  struct Upload {
    std::string key;
    std::map<int, std::pair<Part, std::string>> parts;
  };

  // The key with a version more: what was "null" gives way where the bucket makes no ids.
  Versions With(const std::string& key, const std::string& id, const std::string& body, bool marker) {
    Versions versions = model_[key];
    if (versioning_ != Versioning::kEnabled) std::erase_if(versions, [](const Version& v) { return v.id == "null"; });
    versions.insert(versions.begin(), {id.empty() ? "null" : id, body, marker});
    return versions;
  }

  // A write that makes a version: it happened or it did not, and acknowledged it did.
  void Write(const Step& step, const std::string& key, const std::string& body, bool marker, bool allowed,
             const std::function<Status(Service&)>& operation) {
    bool cut = false;
    bool done = Try(step, operation, &cut);
    RC_ASSERT(cut || done == allowed);
    // "null" may have been archived; the new one is not.
    Versions seen = LookAfter(key, body);
    bool happened = !seen.empty() && seen == With(key, seen.front().id, body, marker) && seen != model_[key];
    if (marker && versioning_ == Versioning::kNever) happened = seen.empty() && !model_[key].empty();
    // A marker over a marker without ids looks as before.
    bool same_null = versioning_ != Versioning::kEnabled && !seen.empty() && seen == model_[key];
    if (done && !same_null && !(marker && versioning_ == Versioning::kNever)) RC_ASSERT(happened);
    if (!done) RC_ASSERT(happened || seen == model_[key]);
    model_[key] = seen;
  }
  Versions LookAfter(const std::string& key, const std::string&) {
    // What replaced an archived "null" version is as readable as any.
    auto page = service_->ListVersions(account_, {.bucket = "data", .prefix = key});
    RC_ASSERT(page.ok());
    for (const auto& info : page->versions)
      if (info.version_id == "null" && info.attributes.storage_class.empty()) kept_["null" + key] = {};
    return Look(key);
  }

  Version* Pick(const Step& step, const std::string& key) {
    auto& versions = model_[key];
    return versions.empty() ? nullptr : &versions[static_cast<std::size_t>(step.other) % versions.size()];
  }
  Upload* PickUpload(const Step& step, std::string* id) {
    if (uploads_.empty()) return nullptr;
    auto at = uploads_.begin();
    std::advance(at, static_cast<std::size_t>(step.other) % uploads_.size());
    *id = at->first;
    return &at->second;
  }

  void Do(const Step& step) {
    const std::string key = step.key == 0 ? "a" : "b";
    const std::string body = Bytes(static_cast<std::size_t>(step.size), static_cast<char>('a' + ++count_ % 20));
    switch (step.kind) {
      case kPut: return Put(step, key, body, false);
      case kPutIfAbsent: return Put(step, key, body, true);
      case kDelete: return Delete(step, key);
      case kDeleteVersion: return DeleteVersion(step, key);
      case kCopy: return Copy(step, key);
      case kCreate: return Create(step, key);
      case kPart: return PutPart(step, body);
      case kComplete: return Complete(step);
      case kAbort: return Abort(step);
      case kVersioning: return SetVersioning(step);
      case kMove: return Move(step, key);
      case kRestore: return Restore(step, key);
      case kRetain: return Retain(step, key);
      case kHold: return Hold(step, key);
      case kWait: return clock_.Advance(std::chrono::minutes(20));
      case kRestart: return Restart();
      default: return Reclaim(*service_);
    }
  }

  void Put(const Step& step, const std::string& key, const std::string& body, bool if_absent) {
    PutRequest request{.bucket = "data", .key = key};
    request.condition.if_none_match = if_absent;
    bool live = !model_[key].empty() && !model_[key].front().marker;
    Write(step, key, body, false, !if_absent || !live, [&](Service& s) -> Status {
      ALOFT_TRY(s.Put(account_, request, body));
      return {};
    });
  }

  void Delete(const Step& step, const std::string& key) {
    Write(step, key, "", true, true, [&](Service& s) -> Status {
      ALOFT_TRY(s.DeleteObject(account_, {.bucket = "data", .key = key}));
      return {};
    });
  }

  bool Locked(const std::string& key, const Version& version, bool bypass) {
    const Kept& kept = kept_[version.id + key];
    if (version.marker) return false;
    if (kept.hold) return true;
    if (kept.mode == RetentionMode::kNone || kept.until <= clock_.Now()) return false;
    return kept.mode == RetentionMode::kCompliance || !bypass;
  }

  void DeleteVersion(const Step& step, const std::string& key) {
    Version* version = Pick(step, key);
    if (version == nullptr) return;
    bool bypass = step.size == 700;
    bool locked = Locked(key, *version, bypass);
    DeleteRequest request{.bucket = "data", .key = key, .version = version->id};
    request.bypass_governance = bypass;
    bool cut = false;
    bool done = Try(
        step,
        [&](Service& s) -> Status {
          ALOFT_TRY(s.DeleteObject(account_, request));
          return {};
        },
        &cut);
    RC_ASSERT(!(done && locked));
    RC_ASSERT(cut || done == !locked);
    Versions rest = model_[key];
    std::erase(rest, *version);
    Versions seen = Look(key);
    RC_ASSERT(seen == rest || (!done && seen == model_[key]));
    model_[key] = seen;
  }

  void Copy(const Step& step, const std::string& key) {
    const std::string from = key == "a" ? "b" : "a";
    Version* version = Pick(step, from);
    if (version == nullptr) return;
    const Version source = *version;
    const Kept& kept = kept_[source.id + from];
    bool readable = !source.marker && !(kept.archived && kept.readable <= clock_.Now());
    CopyRequest request{.source_bucket = "data", .source_key = from, .source_version = source.id};
    request.target = {.bucket = "data", .key = key};
    Write(step, key, source.body, false, readable, [&](Service& s) -> Status {
      ALOFT_TRY(s.CopyObject(account_, request));
      return {};
    });
  }

  void Create(const Step& step, const std::string& key) {
    bool cut = false;
    std::string id;
    bool done = Try(
        step,
        [&](Service& s) -> Status {
          ALOFT_ASSIGN(auto upload,
                       s.CreateUpload(account_, {.bucket = "data", .key = key}, ChecksumType::kFullObject));
          id = upload.id.value();
          return {};
        },
        &cut);
    RC_ASSERT(done || cut);
    auto page = service_->ListUploads(account_, {.bucket = "data"});
    RC_ASSERT(page.ok() && page->uploads.size() <= uploads_.size() + 1);
    // One of which nobody heard is found in the listing and used all the same.
    for (const auto& upload : page->uploads) uploads_[upload.id.value()].key = upload.key;
    RC_ASSERT(!done || uploads_.contains(id));
  }

  void PutPart(const Step& step, const std::string& body) {
    std::string id;
    Upload* upload = PickUpload(step, &id);
    if (upload == nullptr) return;
    int number = 1 + step.key;
    bool cut = false;
    auto put = [&](Service& s) -> Status {
      PartRequest request{.bucket = "data", .key = upload->key, .upload = UploadId(id), .number = number};
      ALOFT_ASSIGN(auto session, s.BeginPart(account_, request));
      ALOFT_TRY(session->Append(AsBytes(body)));
      ALOFT_ASSIGN(Part part, session->Commit({}));
      upload->parts[number] = {part, body};
      return {};
    };
    bool done = Try(step, put, &cut);
    RC_ASSERT(done || cut);
    // A part of which nobody heard is put again, as clients do.
    if (!done) RC_ASSERT(put(*service_).ok());
  }

  void Complete(const Step& step) {
    std::string id;
    Upload* upload = PickUpload(step, &id);
    if (upload == nullptr || upload->parts.empty()) return;
    CompleteRequest request{.bucket = "data", .key = upload->key, .upload = UploadId(id)};
    std::string whole;
    for (const auto& [number, part] : upload->parts) {
      request.parts.push_back({number, part.first.etag, {}});
      whole += part.second;
    }
    const std::string key = upload->key;
    auto complete = [&](Service& s) -> Status {
      ALOFT_TRY(s.CompleteUpload(account_, request));
      return {};
    };
    Write(step, key, whole, false, true, complete);
    bool happened = !model_[key].empty() && model_[key].front().body == whole &&
                    !service_->FindUpload(account_, "data", key, UploadId(id)).ok();
    if (happened) {
      uploads_.erase(id);
      // The answer was lost: the same request again has the same answer, and makes no second version.
      RC_ASSERT(complete(*service_).ok());
    }
  }

  void Abort(const Step& step) {
    std::string id;
    Upload* upload = PickUpload(step, &id);
    if (upload == nullptr) return;
    bool cut = false;
    bool done = Try(
        step, [&](Service& s) { return s.AbortUpload(account_, "data", upload->key, UploadId(id)); }, &cut);
    RC_ASSERT(done || cut);
    bool there = service_->FindUpload(account_, "data", upload->key, UploadId(id)).ok();
    RC_ASSERT(!(done && there));
    if (!there) uploads_.erase(id);
  }

  void SetVersioning(const Step& step) {
    if (step.other != 0) return;
    Versioning wanted = step.key == 0 ? Versioning::kEnabled : Versioning::kSuspended;
    bool cut = false;
    bool done = Try(
        step, [&](Service& s) { return s.SetVersioning(account_, "data", wanted); }, &cut);
    RC_ASSERT(cut || done == !(lock_ && wanted == Versioning::kSuspended));
    versioning_ = service_->HeadBucket(account_, "data")->versioning;
    RC_ASSERT(!done || versioning_ == wanted);
  }

  void Move(const Step& step, const std::string& key) {
    Version* version = Pick(step, key);
    if (version == nullptr || version->marker) return;
    const std::string id = version->id;
    bool cut = false;
    bool done = Try(
        step, [&](Service& s) { return s.Transition(account_, "data", key, id, "GLACIER"); }, &cut);
    RC_ASSERT(done || cut);
    auto info = service_->FindVersion(account_, "data", key, id);
    RC_ASSERT(info.ok());
    Kept& kept = kept_[id + key];
    bool moved = info->attributes.storage_class == "GLACIER";
    RC_ASSERT(moved || (cut && !kept.archived));
    if (moved && !kept.archived) kept.readable = {};
    kept.archived = moved;
  }

  void Restore(const Step& step, const std::string& key) {
    Version* version = Pick(step, key);
    if (version == nullptr || version->marker) return;
    const std::string id = version->id;
    Kept& kept = kept_[id + key];
    bool cut = false;
    bool done = Try(
        step,
        [&](Service& s) -> Status {
          ALOFT_TRY(s.RestoreObject(account_, "data", key, id, 1));
          return {};
        },
        &cut);
    RC_ASSERT(cut || done == kept.archived);
    auto info = service_->FindVersion(account_, "data", key, id);
    RC_ASSERT(info.ok());
    if (kept.archived) kept.readable = info->restore.expires;
    RC_ASSERT(!done || kept.readable > clock_.Now());
  }

  void Retain(const Step& step, const std::string& key) {
    Version* version = Pick(step, key);
    if (!lock_ || version == nullptr || version->marker || Locked(key, *version, false)) return;
    Retention wanted{step.size == 1 ? RetentionMode::kCompliance : RetentionMode::kGovernance,
                     clock_.Now() + std::chrono::minutes(30)};
    bool cut = false;
    const std::string id = version->id;
    bool done = Try(
        step, [&](Service& s) { return s.SetRetention(account_, "data", key, wanted, false, id); }, &cut);
    RC_ASSERT(done || cut);
    auto info = service_->FindVersion(account_, "data", key, id);
    RC_ASSERT(info.ok());
    kept_[id + key].mode = info->lock.retention.mode;
    kept_[id + key].until = info->lock.retention.until;
    RC_ASSERT(!done || kept_[id + key].mode == wanted.mode);
  }

  void Hold(const Step& step, const std::string& key) {
    Version* version = Pick(step, key);
    if (!lock_ || version == nullptr || version->marker) return;
    bool cut = false;
    const std::string id = version->id;
    bool wanted = step.size != 1;
    bool done = Try(
        step, [&](Service& s) { return s.SetLegalHold(account_, "data", key, wanted, id); }, &cut);
    RC_ASSERT(done || cut);
    kept_[id + key].hold = service_->FindVersion(account_, "data", key, id)->lock.legal_hold;
    RC_ASSERT(!done || kept_[id + key].hold == wanted);
  }

  std::map<std::string, Upload> uploads_;
  int count_ = 0;
};

using Steps = std::vector<Step>;

class Histories : public testing::TestWithParam<kv::Engine> {
 protected:
  // Real engines take their time to open; what they add to the memory engine's histories is restarts.
  int Cases() const { return GetParam() == kv::Engine::kMemory ? 50 : GetParam() == kv::Engine::kRocks ? 5 : 3; }
};
INSTANTIATE_TEST_SUITE_P(Engines, Histories,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// Without lock, through every state of versioning.
TEST_P(Histories, EndAsTheModelSays) {
  EXPECT_TRUE(CheckProperty(Cases(), [this] {
    History({GetParam(), nullptr}, false).Run(*rc::gen::container<Steps>(AnyStep()));
  }));
}

// With lock: what binds is never lost, whoever asks.
TEST_P(Histories, KeepLockedVersions) {
  EXPECT_TRUE(CheckProperty(Cases(), [this] {
    History({GetParam(), nullptr}, true).Run(*rc::gen::container<Steps>(AnyStep()));
  }));
}

// With the bytes in a bucket of another endpoint, behind real HTTP.
TEST(RemoteHistories, EndAsTheModelSays) {
  s3::TestingEndpoint endpoint;
  EXPECT_TRUE(CheckProperty(15, [&] {
    History({kv::Engine::kMemory, &endpoint}, false).Run(*rc::gen::container<Steps>(AnyStep()));
  }));
}

}  // namespace
}  // namespace aloft::objects
