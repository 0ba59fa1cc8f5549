// Stores that lose their power at a chosen durable step: what is done by then is there, what comes after is not, and
// nobody hears of the step itself. Test code only.
#pragma once

#include <memory>
#include <utility>

#include "foundation/blob/store.h"
#include "foundation/kv/store.h"

namespace aloft::objects {

// Counts durable steps, and cuts at one of them.
struct Power {
  int steps = 0;
  int cut_at = 0;      // 0: never
  bool after = false;  // the step happens, but nobody hears of it
  bool dead = false;

  bool Allows(bool& happens) {
    happens = !dead;
    if (dead || ++steps != cut_at) return !dead;
    dead = true;
    happens = after;
    return false;
  }
};

inline Error Cut() {
  return Fail(kIoError, "the power is cut");
}

class CutStore final : public kv::Store {
 public:
  CutStore(kv::Store& store, Power& power) : store_(store), power_(power) {}
  Result<std::optional<kv::Entry>> Get(std::string_view space, std::string_view key) override {
    if (power_.dead) return Cut();
    return store_.Get(space, key);
  }
  Result<kv::ScanPage> Scan(std::string_view space, const kv::ScanRange& range) override {
    if (power_.dead) return Cut();
    return store_.Scan(space, range);
  }
  Result<kv::Version> Apply(kv::Batch batch) override {
    bool happens = false;
    if (power_.Allows(happens)) return store_.Apply(std::move(batch));
    if (happens) static_cast<void>(store_.Apply(std::move(batch)));
    return Cut();
  }
  sql::Outbox& outbox() override { return store_.outbox(); }

 private:
  kv::Store& store_;
  Power& power_;
};

class CutWriter final : public blob::Writer {
 public:
  CutWriter(std::unique_ptr<blob::Writer> writer, Power& power) : writer_(std::move(writer)), power_(power) {}
  Status Append(ByteView bytes) override { return power_.dead ? Status(Cut()) : writer_->Append(bytes); }
  Status Commit() override {
    bool happens = false;
    if (power_.Allows(happens)) return writer_->Commit();
    if (happens) static_cast<void>(writer_->Commit());
    return Cut();
  }
  const blob::BlobId& id() const override { return writer_->id(); }

 private:
  std::unique_ptr<blob::Writer> writer_;
  Power& power_;
};

class CutBlobs final : public blob::Store {
 public:
  CutBlobs(blob::Store& blobs, Power& power) : blobs_(blobs), power_(power) {}
  Result<std::unique_ptr<blob::Writer>> Create(std::uint64_t expected,
                                               const std::optional<blob::FrameKey>& key) override {
    if (power_.dead) return Cut();
    ALOFT_ASSIGN(auto writer, blobs_.Create(expected, key));
    return std::unique_ptr<blob::Writer>(std::make_unique<CutWriter>(std::move(writer), power_));
  }
  Result<std::unique_ptr<blob::Reader>> Open(const blob::BlobId& id,
                                             const std::optional<blob::FrameKey>& key) override {
    if (power_.dead) return Cut();
    return blobs_.Open(id, key);
  }
  Status Verify(const blob::BlobId& id) override { return blobs_.Verify(id); }
  Status Delete(const blob::BlobId& id) override {
    bool happens = false;
    if (power_.Allows(happens)) return blobs_.Delete(id);
    if (happens) static_cast<void>(blobs_.Delete(id));
    return Cut();
  }
  Status List(const std::function<bool(const blob::BlobId&, Time)>& visit) override {
    if (power_.dead) return Cut();
    return blobs_.List(visit);
  }

 private:
  blob::Store& blobs_;
  Power& power_;
};

}  // namespace aloft::objects
