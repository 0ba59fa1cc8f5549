// IAM's operations on virtual MFA devices (RFC 6238). Thread-safe; each call is one transaction.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/iam/factors.h"
#include "platform/factors/service.h"
#include "platform/identity/service.h"

namespace aloft::credentials {

class MfaDevices {
 public:
  MfaDevices(identity::Service& identity, factors::Service& factors) : state_(identity.state()), factors_(factors) {}
  using Session = identity::Session;

  // The only answer that holds the seed. Without a QR code: the apps take the text too.
  Result<shapes::iam::CreateVirtualMFADeviceResponse> CreateVirtualMFADevice(
      const Session&, const shapes::iam::CreateVirtualMFADeviceRequest&);
  Status DeleteVirtualMFADevice(const Session&, const shapes::iam::DeleteVirtualMFADeviceRequest&);
  Result<shapes::iam::ListVirtualMFADevicesResponse> ListVirtualMFADevices(
      const Session&, const shapes::iam::ListVirtualMFADevicesRequest&);
  Status EnableMFADevice(const Session&, const shapes::iam::EnableMFADeviceRequest&);
  Status DeactivateMFADevice(const Session&, const shapes::iam::DeactivateMFADeviceRequest&);
  Status ResyncMFADevice(const Session&, const shapes::iam::ResyncMFADeviceRequest&);
  Result<shapes::iam::ListMFADevicesResponse> ListMFADevices(const Session&, const shapes::iam::ListMFADevicesRequest&);
  Result<shapes::iam::GetMFADeviceResponse> GetMFADevice(const Session&, const shapes::iam::GetMFADeviceRequest&);
  Status TagMFADevice(const Session&, const shapes::iam::TagMFADeviceRequest&);
  Status UntagMFADevice(const Session&, const shapes::iam::UntagMFADeviceRequest&);
  Result<shapes::iam::ListMFADeviceTagsResponse> ListMFADeviceTags(const Session&,
                                                                   const shapes::iam::ListMFADeviceTagsRequest&);

 private:
  identity::Service::State& state_;
  factors::Service& factors_;
};

}  // namespace aloft::credentials
