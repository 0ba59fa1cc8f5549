#include "services/objects/records/reseal.h"

#include "foundation/base/bytes.h"
#include "services/objects/records/keys.h"
#include "services/objects/records/records.h"

namespace aloft::objects {
namespace {

constexpr std::size_t kPage = 200;
// A cursor is the index of a space and a key in it.
constexpr const char* kSpaces[] = {kIndexSpace, kVersionSpace, kUploadSpace};

// Account, region and bucket lead the keys of all three spaces; what the seal is bound to is them and the object's key.
Result<std::string> ContextOf(const char* space, const std::string& key) {
  std::size_t at = 0;
  for (int part = 0; part < 3; ++part) {
    at = key.find('\0', at);
    if (at == std::string::npos) return Fail(kCorrupt, "A stored record cannot be read", "its key");
    ++at;
  }
  const std::string place = key.substr(0, at);
  std::string name = key.substr(at);
  if (space == kVersionSpace) {
    ALOFT_ASSIGN(VersionName split, SplitVersionKey(std::string_view(key).substr(at)));
    name = std::move(split.name);
  }
  if (space == kUploadSpace) {
    if (name.size() <= kUploadIdChars) return Fail(kCorrupt, "A stored record cannot be read", "its key");
    name.resize(name.size() - kUploadIdChars - 1);
  }
  return "objects/data-key/" + place + name;
}

// The record with its data key sealed anew; absent where there is nothing to do.
Result<std::optional<std::string>> Renewed(const keys::Keyring& keyring, const char* space, const kv::Entry& stored) {
  const auto renew = [&](const Encryption& encryption, std::string& sealed) -> Result<bool> {
    if (encryption.kind != EncryptionKind::kSseS3 || sealed.empty()) return false;
    ALOFT_ASSIGN(const std::string context, ContextOf(space, stored.key));
    ALOFT_ASSIGN(auto fresh, keys::Renew(keyring, sealed, context));
    if (fresh) sealed = std::move(*fresh);
    return fresh.has_value();
  };
  if (space == kUploadSpace) {
    ALOFT_ASSIGN(UploadRecord upload, DecodeUpload(stored.value));
    ALOFT_ASSIGN(const bool changed, renew(upload.key.encryption, upload.key.sealed));
    return changed ? std::optional(Encode(upload)) : std::nullopt;
  }
  ALOFT_ASSIGN(Entry entry, DecodeEntry(stored.value));
  ALOFT_ASSIGN(const bool changed, renew(entry.info.encryption, entry.sealed_key));
  return changed ? std::optional(Encode(entry)) : std::nullopt;
}

Result<keys::ResealPage> Page(kv::Store& store, const keys::Keyring& keyring, const std::string& from) {
  keys::ResealPage out;
  std::size_t at = from.empty() ? 0 : static_cast<std::size_t>(from[0] - '0');
  const char* space = kSpaces[at];
  ALOFT_ASSIGN(const kv::ScanPage page,
               store.Scan(space, {.from = from.empty() ? std::string() : from.substr(1), .limit = kPage}));
  for (const kv::Entry& entry : page.entries) {
    ++out.seen;
    auto renewed = Renewed(keyring, space, entry);
    if (!renewed.ok()) ++out.failed;
    if (!renewed.ok() || !*renewed) continue;
    kv::Batch batch;
    batch.Expect(space, entry.key, entry.version);
    batch.Put(space, entry.key, std::move(**renewed));
    auto applied = store.Apply(std::move(batch));
    // Whoever was faster sealed it with the newest key, or the next pass finds it.
    if (!applied.ok() && applied.error().reason != kv::kVersionMismatch) return std::move(applied).error();
    ++out.renewed;
  }
  if (page.more) {
    out.next = std::to_string(at) + page.entries.back().key + '\0';
  } else if (++at < std::size(kSpaces)) {
    out.next = std::to_string(at);
  }
  return out;
}

}  // namespace

keys::SealSource DataKeySource(kv::Store& store, const keys::Keyring& keyring) {
  return {"objects", [&store, &keyring](const std::string& from) { return Page(store, keyring, from); }};
}

}  // namespace aloft::objects
