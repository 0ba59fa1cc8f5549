// New material for old keys, by time and by wish, and the end of keys whose waiting period is over. Old material stays:
// it opens what it sealed.
#include "platform/kms/state.h"

namespace aloft::kms {
namespace {

using std::chrono::hours;

constexpr std::int64_t kDefaultDays = 365;
constexpr std::size_t kMaxOnDemand = 25;  // of a key's life, as AWS's quota
constexpr std::int64_t kBatch = 50;

Status RequireRotatable(const Key& key) {
  if (key.spec != "SYMMETRIC_DEFAULT")
    return Fail(kUnsupported,
                "You cannot enable or request rotation of " + key.Arn() + ": its key spec is " + key.spec + ".");
  return RequireEnabled(key);
}

}  // namespace

Status Service::EnableKeyRotation(const Caller& caller, const api::EnableKeyRotationRequest& in) {
  return state_->Change(caller, in.key_id, [&](sql::Transaction&, Key& key) -> Status {
    ALOFT_TRY(RequireRotatable(key));
    const std::int64_t days = in.rotation_period_in_days.value_or(
        static_cast<std::int32_t>(key.next_rotation == Time{} ? kDefaultDays : key.rotation_days));
    const bool changed = key.next_rotation == Time{} || days != key.rotation_days;
    key.rotation_days = days;
    if (changed) key.next_rotation = state_->clock.Now() + hours(24 * days);
    return {};
  });
}

Status Service::DisableKeyRotation(const Caller& caller, const api::DisableKeyRotationRequest& in) {
  return state_->Change(caller, in.key_id, [](sql::Transaction&, Key& key) -> Status {
    ALOFT_TRY(RequireRotatable(key));
    if (key.managed) return Fail(kUnsupported, key.Arn() + " is managed by a service and rotates every year.");
    key.next_rotation = Time{};
    return {};
  });
}

Result<api::GetKeyRotationStatusResponse> Service::GetKeyRotationStatus(
    const Caller& caller, const api::GetKeyRotationStatusRequest& in) const {
  ALOFT_ASSIGN(const Key key, state_->database.Read([&](sql::Reader& reader) {
    return state_->Find(reader, caller, in.key_id.value_or(""), false);
  }));
  api::GetKeyRotationStatusResponse out;
  out.key_id = key.Arn();
  out.key_rotation_enabled = key.next_rotation != Time{} && key.state != "PendingDeletion";
  if (!*out.key_rotation_enabled) return out;
  out.rotation_period_in_days = static_cast<std::int32_t>(key.rotation_days);
  out.next_rotation_date = key.next_rotation;
  return out;
}

Result<api::RotateKeyOnDemandResponse> Service::RotateKeyOnDemand(const Caller& caller,
                                                                  const api::RotateKeyOnDemandRequest& in) {
  ALOFT_ASSIGN(const Key key, state_->database.Read([&](sql::Reader& reader) {
    return state_->Find(reader, caller, in.key_id.value_or(""), false);
  }));
  ALOFT_TRY(State::OwnedBy(caller, key));
  ALOFT_TRY(RequireRotatable(key));
  if (key.managed) return Fail(kUnsupported, key.Arn() + " is managed by a service.");
  ALOFT_ASSIGN(const auto versions,
               state_->database.Read([&](sql::Reader& reader) { return records::ListMaterial(reader, key.id); }));
  std::size_t on_demand = 0;
  for (const MaterialRecord& each : versions) on_demand += each.kind == "ON_DEMAND" ? 1 : 0;
  if (on_demand >= kMaxOnDemand)
    return Fail(kLimitExceeded, "You have exceeded the on-demand rotation quota of " + key.Arn() + ".");
  const std::uint32_t next = versions.empty() ? 1 : versions.back().version + 1;
  ALOFT_ASSIGN(const MaterialRecord material, state_->MakeMaterial(key, next, "ON_DEMAND"));
  // Another rotation at the same moment took the version: the broken key ends this one as a conflict.
  const Status done = state_->database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Key now, state_->Find(t, caller, in.key_id.value_or(""), false));
    ALOFT_TRY(RequireRotatable(now));
    return records::InsertMaterial(t, key.id, material);
  });
  if (!done.ok() && done.error().reason == sql::kAlreadyExistsRow)
    return Fail(kInvalidState, key.Arn() + " is being rotated.");
  ALOFT_TRY(done);
  return api::RotateKeyOnDemandResponse{.key_id = key.Arn()};
}

Result<api::ListKeyRotationsResponse> Service::ListKeyRotations(const Caller& caller,
                                                                const api::ListKeyRotationsRequest& in) const {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.limit, in.marker));
  ALOFT_ASSIGN(const Key key, state_->database.Read([&](sql::Reader& reader) {
    return state_->Find(reader, caller, in.key_id.value_or(""), false);
  }));
  ALOFT_TRY(State::OwnedBy(caller, key));
  ALOFT_ASSIGN(const auto versions,
               state_->database.Read([&](sql::Reader& reader) { return records::ListMaterial(reader, key.id); }));
  const bool all = in.include_key_material.value_or("") == "ALL_KEY_MATERIAL";
  std::vector<api::RotationsListEntry> rotations;
  for (const MaterialRecord& each : versions) {
    if (each.kind == "CREATED" && !all) continue;
    api::RotationsListEntry entry{.key_id = key.Arn()};
    entry.key_material_id = each.id;
    entry.key_material_state = each.version == versions.back().version ? "CURRENT" : "NON_CURRENT";
    if (each.kind != "CREATED") {
      entry.rotation_date = each.created;
      entry.rotation_type = each.kind;
    }
    rotations.push_back(std::move(entry));
  }
  if (!paging.after.empty()) {  // ids have no order: on after the one that ended the last page
    const auto last = std::find_if(rotations.begin(), rotations.end(),
                                   [&](const auto& each) { return each.key_material_id == paging.after; });
    rotations.erase(rotations.begin(), last == rotations.end() ? last : last + 1);
  }
  api::ListKeyRotationsResponse out;
  CutPage(paging, rotations, out, [](const auto& each) { return *each.key_material_id; });
  out.rotations = std::move(rotations);
  return out;
}

Result<std::size_t> Service::DoWhatIsDue() {
  const Time now = state_->clock.Now();
  std::size_t done = 0;
  ALOFT_ASSIGN(const auto doomed, state_->database.Read([&](sql::Reader& reader) {
    return records::DueForDeletion(reader, now, kBatch);
  }));
  for (const std::string& id : doomed) {
    // Cancelled meanwhile: it stays.
    ALOFT_ASSIGN(const bool destroyed, state_->database.Write([&](sql::Transaction& t) -> Result<bool> {
      ALOFT_ASSIGN(const auto key, records::FindKey(t, id));
      if (!key || key->state != "PendingDeletion" || key->deletion > now) return false;
      ALOFT_TRY(records::DestroyKey(t, id));
      return true;
    }));
    if (!destroyed) continue;
    state_->log.Warn("kms: a key was destroyed, its waiting period is over", {{"key", id}});
    ++done;
  }
  ALOFT_ASSIGN(const auto due, state_->database.Read(
                                   [&](sql::Reader& reader) { return records::DueForRotation(reader, now, kBatch); }));
  for (const std::string& id : due) {
    ALOFT_ASSIGN(const auto key,
                 state_->database.Read([&](sql::Reader& reader) { return records::FindKey(reader, id); }));
    if (!key) continue;
    ALOFT_ASSIGN(const auto last,
                 state_->database.Read([&](sql::Reader& reader) { return records::FindMaterial(reader, id, 0); }));
    ALOFT_ASSIGN(const MaterialRecord material, state_->MakeMaterial(*key, last ? last->version + 1 : 1, "AUTOMATIC"));
    const Status rotated = state_->database.Write([&](sql::Transaction& t) -> Status {
      ALOFT_ASSIGN(auto current, records::FindKey(t, id));
      if (!current || current->state != "Enabled" || current->next_rotation == Time{} || current->next_rotation > now)
        return {};
      current->next_rotation = now + hours(24 * current->rotation_days);
      ALOFT_TRY(records::UpdateKey(t, *current));
      return records::InsertMaterial(t, id, material);
    });
    // Another replica did it: nothing is left to do.
    if (!rotated.ok() && rotated.error().reason != sql::kAlreadyExistsRow) return rotated.error();
    ++done;
  }
  return done;
}

}  // namespace aloft::kms
