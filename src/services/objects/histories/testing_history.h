// What random histories run on: an object store with an archive that can be restarted and have its power cut at any
// durable step, and what is known of its keys. Test code only.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <atomic>
#include <map>
#include <set>

#include "foundation/s3/testing_endpoint.h"
#include "services/objects/histories/testing_cut.h"
#include "services/objects/testing_stores.h"

namespace aloft::objects {

enum Kind {
  kPut,
  kPutIfAbsent,
  kDelete,
  kDeleteVersion,
  kCopy,
  kCreate,
  kPart,
  kComplete,
  kAbort,
  kVersioning,
  kMove,
  kRestore,
  kRetain,
  kHold,
  kWait,
  kReclaim,
  kRestart,
  kKinds
};

struct Step {
  int kind = 0;
  int key = 0, other = 0;  // which key, which version or part
  int size = 0;
  int cut = 0;  // the durable step at which the power goes; 0: none
  bool after = false;
};

inline void showValue(const Step& step, std::ostream& out) {
  out << "{" << step.kind << "," << step.key << "," << step.other << "," << step.size << "," << step.cut << ","
      << step.after << "}";
}

inline rc::Gen<Step> AnyStep() {
  auto number = [](int end) { return rc::gen::inRange(0, end); };
  return rc::gen::build<Step>(rc::gen::set(&Step::kind, number(kKinds)), rc::gen::set(&Step::key, number(2)),
                              rc::gen::set(&Step::other, number(4)),
                              rc::gen::set(&Step::size, rc::gen::element(1, 64, 65, 700)),
                              rc::gen::set(&Step::cut, rc::gen::map(number(12), [](int n) { return n > 4 ? 0 : n; })),
                              rc::gen::set(&Step::after, rc::gen::arbitrary<bool>()));
}

struct Version {
  std::string id{};
  std::string body{};
  bool marker = false;
  friend bool operator==(const Version&, const Version&) = default;
};
using Versions = std::vector<Version>;  // the newest first

// What a version is beside its bytes: kept by id, because a cut never changes it half.
struct Kept {
  bool archived = false;
  Time readable{};  // until then, where it is archived
  RetentionMode mode = RetentionMode::kNone;
  Time until{};
  bool hold = false;
};

// What a history runs on.
struct Ground {
  kv::Engine engine = kv::Engine::kMemory;
  s3::TestingEndpoint* remote = nullptr;  // bytes lie there; null: in memory
};

class HistoryGround {
 protected:
  HistoryGround(const Ground& ground, bool lock)
      : ground_(ground), lock_(lock), versioning_(lock ? Versioning::kEnabled : Versioning::kNever) {
    if (ground.engine == kv::Engine::kPostgres) connection_ = sql::testing::NewPostgresDatabase().value();
    clock_.Advance(SystemClock().Now() - clock_.Now());
    static std::atomic<int> made{0};
    const std::string name = "h" + std::to_string(++made);
    blobs_ = MakeBlobs(name + "/blob");
    archive_ = MakeBlobs(name + "/archive");
    Restart();
    RC_ASSERT(service_->CreateBucket(account_, Region("us-east-1"), "data", {}, lock).ok());
  }

  std::unique_ptr<blob::Store> MakeBlobs(const std::string& name) {
    if (ground_.remote == nullptr) return std::make_unique<MemoryBlobs>(clock_, name);
    s3::Patience patience{.attempts = 3, .first_pause = std::chrono::milliseconds(1)};
    auto client = s3::Client::Open(ground_.remote->access(), system_, random_, patience);
    RC_ASSERT(client.ok());
    auto store =
        blob::OpenRemoteStore(std::move(client).value(), "bucket", name + "/", system_, random_, Log::Discard());
    RC_ASSERT(store.ok());
    return std::move(store).value();
  }

  // As after a restart of the server: nothing but what is stored is left.
  void Restart() {
    service_.reset();
    if (!store_ || ground_.engine != kv::Engine::kMemory) {
      store_.reset();
      kv::Options options;
      options.engine = ground_.engine;
      options.path = directory_.path();
      options.connection = connection_;
      auto opened = kv::Store::Open(options, Log::Discard());
      RC_ASSERT(opened.ok());
      store_ = std::move(opened).value();
    }
    service_ = Open(*store_, *blobs_, *archive_);
  }

  std::unique_ptr<Service> Open(kv::Store& store, blob::Store& blobs, blob::Store& archive) {
    Limits limits;
    limits.inline_bytes = 64;
    limits.min_part_bytes = 1;
    return std::make_unique<Service>(store, blobs, clock_, random_, Log::Discard(), limits, Keys{}, &archive);
  }

  // Runs the operation, perhaps with the power cut in it. True: acknowledged. False: refused, or nobody knows.
  bool Try(const Step& step, const std::function<Status(Service&)>& operation, bool* cut) {
    *cut = false;
    if (step.cut == 0) return operation(*service_).ok();
    Power power{.cut_at = step.cut, .after = step.after};
    CutStore store(*store_, power);
    CutBlobs blobs(*blobs_, power), archive(*archive_, power);
    bool done = operation(*Open(store, blobs, archive)).ok();
    *cut = power.dead;
    RC_ASSERT(!(done && power.dead));
    service_ = Open(*store_, *blobs_, *archive_);
    return done;
  }

  // What the store has of a key.
  Versions Look(const std::string& key) {
    Versions seen;
    auto page = service_->ListVersions(account_, {.bucket = "data", .prefix = key});
    RC_ASSERT(page.ok());
    for (const auto& info : page->versions) {
      Version version{info.version_id, "", info.is_delete_marker};
      if (!info.is_delete_marker) version.body = Read(key, info);
      seen.push_back(std::move(version));
    }
    return seen;
  }

  std::string Read(const std::string& key, const ObjectInfo& info) {
    const Kept& kept = kept_[info.version_id + key];
    auto reader = service_->GetObject(account_, "data", key, {.version = info.version_id});
    if (kept.archived && kept.readable <= clock_.Now()) {
      RC_ASSERT(!reader.ok() && reader.error().reason == kArchived);
      return FindBody(key, info.version_id);
    }
    RC_ASSERT(reader.ok());
    std::string body(info.size, '\0');
    RC_ASSERT((*reader)->Read(0, {reinterpret_cast<std::uint8_t*>(body.data()), body.size()}).ok());
    return body;
  }
  std::string FindBody(const std::string& key, const std::string& id) {
    for (const auto& version : model_[key])
      if (version.id == id) return version.body;
    return "unknown";
  }

  void Reclaim(Service& service) {
    RC_ASSERT(service.EndRestores(1000).ok());
    RC_ASSERT(service.Reclaim(std::chrono::minutes(1), 100'000).ok());
    RC_ASSERT(service.SweepOrphans(std::chrono::hours(1)).ok());
  }

  // Every blob has an owner: what is left belongs to something.
  void CheckBlobs(blob::Store& blobs) {
    std::set<std::string> held;
    auto page = store_->Scan("objects.holder", {});
    RC_ASSERT(page.ok() && !page->more);
    for (const auto& holder : page->entries) held.insert(holder.key.substr(0, holder.key.find('\0')));
    RC_ASSERT(blobs
                  .List([&](const blob::BlobId& id, Time) {
                    RC_ASSERT(held.contains(id.value()));
                    return true;
                  })
                  .ok());
  }

  const Ground ground_;
  const bool lock_;
  Versioning versioning_;
  const AccountId account_{"111122223333"};
  ManualClock clock_;
  SeededRandom random_{11};
  SystemClock system_;  // of requests to the endpoint
  kv::TemporaryDirectory directory_;
  std::string connection_;
  std::unique_ptr<blob::Store> blobs_, archive_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<Service> service_;
  std::map<std::string, Versions> model_;
  std::map<std::string, Kept> kept_;  // by version id and key
};

}  // namespace aloft::objects
