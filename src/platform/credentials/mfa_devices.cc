#include "platform/credentials/mfa_devices.h"

#include "platform/credentials/tagging.h"
#include "platform/directory/common.h"
#include "platform/factors/totp.h"

namespace aloft::credentials {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
using directory::Require;
using factors::Device;
using identity::Session;

namespace {

constexpr std::size_t kMostPerUser = 8;
constexpr int kEnableWindow = 10, kResyncWindow = 1'000;  // steps of 30 s: a clock that is hours off can be met

Error NoDevice(std::string_view serial) {
  return Fail(kNoSuchEntity, "VirtualMFADevice with serial number " + std::string(serial) + " doesn't exist.");
}
Error BadCode() {
  return Fail(factors::kInvalidAuthenticationCode, "Authentication code for device is not valid.");
}

Result<Device> RequireDevice(sql::Reader& reader, const AccountId& account, std::string_view serial) {
  ALOFT_ASSIGN(auto device, factors::records::FindDevice(reader, account, serial));
  if (!device) return NoDevice(serial);
  return std::move(*device);
}

// The device, if it is the user's.
Result<Device> RequireOwn(sql::Reader& reader, const Entity& user, std::string_view serial) {
  ALOFT_ASSIGN(Device device, RequireDevice(reader, user.account, serial));
  if (device.owner != user.id) return Fail(kNoSuchEntity, "MFA Device invalid for user.");
  return device;
}

Result<std::optional<Entity>> FindOwner(sql::Reader& reader, const Device& device) {
  if (device.owner.empty()) return std::optional<Entity>();
  return records::FindById(reader, device.account, EntityKind::kUser, device.owner);
}

// How far the device's clock is from ours, from two codes in a row.
Status Synchronize(const std::string& seed, const std::optional<std::string>& first,
                   const std::optional<std::string>& second, Time now, int window, Device& device) {
  const auto step = factors::MatchTwoCodes(seed, first.value_or(""), second.value_or(""), now, window);
  if (!step) return BadCode();
  device.drift = *step - factors::StepOf(now);
  device.last_step = *step;
  return {};
}

}  // namespace

Result<iam::CreateVirtualMFADeviceResponse> MfaDevices::CreateVirtualMFADevice(
    const Session& session, const iam::CreateVirtualMFADeviceRequest& in) {
  Device device{.account = session.account,
                .serial = "arn:aws:iam::" + session.account.value() + ":mfa" + in.path.value_or("/") +
                          in.virtual_mfa_device_name.value_or(""),
                .created = state_.clock.Now()};
  const std::string seed = factors_.NewSeed();
  device.sealed_seed = factors_.SealSeed(device.serial, seed);
  ALOFT_ASSIGN(device.tags, directory::ReadTags(in.tags));
  ALOFT_TRY(state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const auto taken, factors::records::FindDevice(t, session.account, device.serial));
    if (taken) return Fail(kEntityAlreadyExists, "MFADevice entity at the same path and name already exists.");
    return factors::records::PutDevice(t, device);
  }));
  iam::VirtualMFADevice shown;
  shown.serial_number = device.serial;
  shown.base32_string_seed.emplace().bytes = factors::Base32(seed);
  shown.tags = directory::ShowTags(device.tags);
  return iam::CreateVirtualMFADeviceResponse{.virtual_mfa_device = std::move(shown)};
}

Status MfaDevices::DeleteVirtualMFADevice(const Session& session, const iam::DeleteVirtualMFADeviceRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Device device, RequireDevice(t, session.account, in.serial_number.value_or("")));
    if (!device.owner.empty()) return Fail(kDeleteConflict, "MFA VirtualDevice in use. Must deactivate first.");
    return factors::records::DeleteDevice(t, session.account, device.serial);
  });
}

Result<iam::ListVirtualMFADevicesResponse> MfaDevices::ListVirtualMFADevices(
    const Session& session, const iam::ListVirtualMFADevicesRequest& in) {
  ALOFT_ASSIGN(const auto paging, directory::Paging::Of(in.marker, in.max_items));
  const std::string wanted = in.assignment_status.value_or("Any");
  return state_.database.Read([&](sql::Reader& reader) -> Result<iam::ListVirtualMFADevicesResponse> {
    ALOFT_ASSIGN(auto devices, factors::records::ListDevices(reader, session.account));
    std::erase_if(devices, [&](const Device& device) {
      return (wanted == "Assigned" && device.owner.empty()) || (wanted == "Unassigned" && !device.owner.empty());
    });
    const auto cut = directory::CutPage(std::move(devices), paging.page, [](const Device& d) { return d.serial; });
    iam::ListVirtualMFADevicesResponse out;
    directory::SetPage(out, cut);
    out.virtual_mfa_devices.emplace();
    for (const Device& device : cut.items) {
      iam::VirtualMFADevice shown;
      shown.serial_number = device.serial;
      ALOFT_ASSIGN(const auto owner, FindOwner(reader, device));
      if (owner) {
        shown.user = directory::ShowUser(*owner);
        shown.enable_date = device.enabled;
      }
      out.virtual_mfa_devices->push_back(std::move(shown));
    }
    return out;
  });
}

Status MfaDevices::EnableMFADevice(const Session& session, const iam::EnableMFADeviceRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity user, Require(t, session.account, EntityKind::kUser, in.user_name.value_or("")));
    ALOFT_ASSIGN(Device device, RequireDevice(t, session.account, in.serial_number.value_or("")));
    if (!device.owner.empty()) return Fail(kEntityAlreadyExists, "MFA Device is already in use.");
    ALOFT_ASSIGN(const auto own, factors::records::ListDevicesOf(t, session.account, user.id));
    if (own.size() >= kMostPerUser) return Fail(kLimitExceeded, "Cannot exceed quota for MFADevicesPerUser: 8");
    ALOFT_ASSIGN(const std::string seed, factors_.OpenSeed(device));
    ALOFT_TRY(
        Synchronize(seed, in.authentication_code1, in.authentication_code2, state_.clock.Now(), kEnableWindow, device));
    device.owner = user.id;
    device.enabled = state_.clock.Now();
    return factors::records::PutDevice(t, device);
  });
}

Status MfaDevices::DeactivateMFADevice(const Session& session, const iam::DeactivateMFADeviceRequest& in) {
  ALOFT_ASSIGN(const std::string name, directory::UserNameOr(in.user_name, session));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity user, Require(t, session.account, EntityKind::kUser, name));
    ALOFT_ASSIGN(Device device, RequireOwn(t, user, in.serial_number.value_or("")));
    device.owner.clear();
    device.enabled = Time{};
    return factors::records::PutDevice(t, device);
  });
}

Status MfaDevices::ResyncMFADevice(const Session& session, const iam::ResyncMFADeviceRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity user, Require(t, session.account, EntityKind::kUser, in.user_name.value_or("")));
    ALOFT_ASSIGN(Device device, RequireOwn(t, user, in.serial_number.value_or("")));
    ALOFT_ASSIGN(const std::string seed, factors_.OpenSeed(device));
    ALOFT_TRY(
        Synchronize(seed, in.authentication_code1, in.authentication_code2, state_.clock.Now(), kResyncWindow, device));
    return factors::records::PutDevice(t, device);
  });
}

Result<iam::ListMFADevicesResponse> MfaDevices::ListMFADevices(const Session& session,
                                                               const iam::ListMFADevicesRequest& in) {
  ALOFT_ASSIGN(const std::string name, directory::UserNameOr(in.user_name, session));
  ALOFT_ASSIGN(const auto paging, directory::Paging::Of(in.marker, in.max_items));
  return state_.database.Read([&](sql::Reader& reader) -> Result<iam::ListMFADevicesResponse> {
    ALOFT_ASSIGN(const Entity user, Require(reader, session.account, EntityKind::kUser, name));
    ALOFT_ASSIGN(auto devices, factors::records::ListDevicesOf(reader, session.account, user.id));
    const auto cut = directory::CutPage(std::move(devices), paging.page, [](const Device& d) { return d.serial; });
    iam::ListMFADevicesResponse out;
    directory::SetPage(out, cut);
    out.mfa_devices.emplace();
    for (const Device& device : cut.items)
      out.mfa_devices->push_back(
          {.user_name = user.name, .serial_number = device.serial, .enable_date = device.enabled});
    return out;
  });
}

Result<iam::GetMFADeviceResponse> MfaDevices::GetMFADevice(const Session& session, const iam::GetMFADeviceRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<iam::GetMFADeviceResponse> {
    ALOFT_ASSIGN(const Device device, RequireDevice(reader, session.account, in.serial_number.value_or("")));
    ALOFT_ASSIGN(const auto owner, FindOwner(reader, device));
    if (!owner || (in.user_name && !EqualsIgnoreCase(*in.user_name, owner->name))) return NoDevice(device.serial);
    return iam::GetMFADeviceResponse{
        .user_name = owner->name, .serial_number = device.serial, .enable_date = device.enabled};
  });
}

Status MfaDevices::TagMFADevice(const Session& session, const iam::TagMFADeviceRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Device device, RequireDevice(t, session.account, in.serial_number.value_or("")));
    ALOFT_TRY(AddTags(device.tags, in.tags));
    return factors::records::PutDevice(t, device);
  });
}

Status MfaDevices::UntagMFADevice(const Session& session, const iam::UntagMFADeviceRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Device device, RequireDevice(t, session.account, in.serial_number.value_or("")));
    RemoveTags(device.tags, in.tag_keys);
    return factors::records::PutDevice(t, device);
  });
}

Result<iam::ListMFADeviceTagsResponse> MfaDevices::ListMFADeviceTags(const Session& session,
                                                                     const iam::ListMFADeviceTagsRequest& in) {
  ALOFT_ASSIGN(const Device device, state_.database.Read([&](sql::Reader& reader) {
    return RequireDevice(reader, session.account, in.serial_number.value_or(""));
  }));
  return TagsPage<iam::ListMFADeviceTagsResponse>(device.tags, in);
}

}  // namespace aloft::credentials
