// Passwords, MFA devices, OIDC providers, reports, and the kinds of credentials that there are none of.
#include "api/aws/iam/rows.h"
#include "generated/shapes/iam/absent.h"
#include "platform/credentials/account_details.h"
#include "platform/credentials/login_profiles.h"
#include "platform/credentials/mfa_devices.h"
#include "platform/credentials/oidc_providers.h"
#include "platform/credentials/reports.h"
#include "platform/identity/errors.h"

namespace aloft::api::iam_rows {

using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::EntityKind;

namespace {

std::string Any(const Call&, const auto&) {
  return "*";
}

// Everyone may where the account's password policy says so; else who has the right.
Row MakeChangePasswordRow(const IamDependencies& d, const std::shared_ptr<credentials::LoginProfiles>& logins) {
  return MakeRow<ChangePasswordRequest, ChangePasswordResponse>(
      kModel, "ChangePassword", [](const Call&, const auto&) { return std::vector<Permission>(); },
      [&identity = d.identity, logins](const Call& call, const Authorized& authorized,
                                       const ChangePasswordRequest& in) -> Status {
        const std::string user = ArnOf(identity, call, EntityKind::kUser, call.session.user_name);
        const bool may = authorized.Allows({"iam:ChangePassword", user, {}});
        const auto policy = logins->GetAccountPasswordPolicy(call.session, {});
        const bool open = policy.ok() && policy->password_policy->allow_users_to_change_password.value_or(false);
        if (!may && !open)
          return Fail(identity::kAccessDenied, identity::DeniedMessage(call.session, "iam:ChangePassword", user, {}));
        return logins->ChangePassword(call.session, in);
      });
}

}  // namespace

void AddFactorRows(const IamDependencies& d, std::vector<Row>& rows) {
  const auto logins = std::make_shared<credentials::LoginProfiles>(d.identity, d.factors);
  const auto devices = std::make_shared<credentials::MfaDevices>(d.identity, d.factors);
  const auto own = [&identity = d.identity](const Call& call, const auto& in) {
    return ArnOf(identity, call, EntityKind::kUser, in.user_name.value_or(call.session.user_name));
  };
  const auto serial = [](const Call&, const auto& in) { return in.serial_number.value_or(""); };
  const auto created = [](const Call& call, const CreateVirtualMFADeviceRequest& in) {
    return "arn:aws:iam::" + call.session.account.value() + ":mfa" + in.path.value_or("/") +
           in.virtual_mfa_device_name.value_or("");
  };
  const auto all = [](const Call& call, const ListVirtualMFADevicesRequest&) {
    return "arn:aws:iam::" + call.session.account.value() + ":mfa/";
  };
  rows.push_back(MakeIamRow<CreateLoginProfileRequest, CreateLoginProfileResponse>(
      "CreateLoginProfile", own,
      [logins](const auto& session, const auto& in) { return logins->CreateLoginProfile(session, in); }));
  rows.push_back(MakeIamRow<GetLoginProfileRequest, GetLoginProfileResponse>(
      "GetLoginProfile", own,
      [logins](const auto& session, const auto& in) { return logins->GetLoginProfile(session, in); }));
  rows.push_back(MakeIamRow<UpdateLoginProfileRequest, UpdateLoginProfileResponse>(
      "UpdateLoginProfile", own,
      [logins](const auto& session, const auto& in) { return logins->UpdateLoginProfile(session, in); }));
  rows.push_back(MakeIamRow<DeleteLoginProfileRequest, DeleteLoginProfileResponse>(
      "DeleteLoginProfile", own,
      [logins](const auto& session, const auto& in) { return logins->DeleteLoginProfile(session, in); }));
  rows.push_back(MakeIamRow<EnableMFADeviceRequest, EnableMFADeviceResponse>(
      "EnableMFADevice", own,
      [devices](const auto& session, const auto& in) { return devices->EnableMFADevice(session, in); }));
  rows.push_back(MakeIamRow<DeactivateMFADeviceRequest, DeactivateMFADeviceResponse>(
      "DeactivateMFADevice", own,
      [devices](const auto& session, const auto& in) { return devices->DeactivateMFADevice(session, in); }));
  rows.push_back(MakeIamRow<ResyncMFADeviceRequest, ResyncMFADeviceResponse>(
      "ResyncMFADevice", own,
      [devices](const auto& session, const auto& in) { return devices->ResyncMFADevice(session, in); }));
  rows.push_back(MakeIamRow<ListMFADevicesRequest, ListMFADevicesResponse>(
      "ListMFADevices", own,
      [devices](const auto& session, const auto& in) { return devices->ListMFADevices(session, in); }));
  rows.push_back(MakeIamRow<CreateVirtualMFADeviceRequest, CreateVirtualMFADeviceResponse>(
      "CreateVirtualMFADevice", created,
      [devices](const auto& session, const auto& in) { return devices->CreateVirtualMFADevice(session, in); }));
  rows.push_back(MakeIamRow<ListVirtualMFADevicesRequest, ListVirtualMFADevicesResponse>(
      "ListVirtualMFADevices", all,
      [devices](const auto& session, const auto& in) { return devices->ListVirtualMFADevices(session, in); }));
  rows.push_back(MakeIamRow<DeleteVirtualMFADeviceRequest, DeleteVirtualMFADeviceResponse>(
      "DeleteVirtualMFADevice", serial,
      [devices](const auto& session, const auto& in) { return devices->DeleteVirtualMFADevice(session, in); }));
  rows.push_back(MakeIamRow<TagMFADeviceRequest, TagMFADeviceResponse>(
      "TagMFADevice", serial,
      [devices](const auto& session, const auto& in) { return devices->TagMFADevice(session, in); }));
  rows.push_back(MakeIamRow<UntagMFADeviceRequest, UntagMFADeviceResponse>(
      "UntagMFADevice", serial,
      [devices](const auto& session, const auto& in) { return devices->UntagMFADevice(session, in); }));
  rows.push_back(MakeIamRow<ListMFADeviceTagsRequest, ListMFADeviceTagsResponse>(
      "ListMFADeviceTags", serial,
      [devices](const auto& session, const auto& in) { return devices->ListMFADeviceTags(session, in); }));
  rows.push_back(MakeIamRow<GetMFADeviceRequest, GetMFADeviceResponse>(
      "GetMFADevice", serial,
      [devices](const auto& session, const auto& in) { return devices->GetMFADevice(session, in); }));
  rows.push_back(MakeChangePasswordRow(d, logins));
  rows.push_back(MakeIamRow<GetAccountPasswordPolicyRequest, GetAccountPasswordPolicyResponse>(
      "GetAccountPasswordPolicy", Any<GetAccountPasswordPolicyRequest>,
      [logins](const auto& session, const auto& in) { return logins->GetAccountPasswordPolicy(session, in); }));
  rows.push_back(MakeIamRow<UpdateAccountPasswordPolicyRequest, UpdateAccountPasswordPolicyResponse>(
      "UpdateAccountPasswordPolicy", Any<UpdateAccountPasswordPolicyRequest>,
      [logins](const auto& session, const auto& in) { return logins->UpdateAccountPasswordPolicy(session, in); }));
  rows.push_back(MakeIamRow<DeleteAccountPasswordPolicyRequest, DeleteAccountPasswordPolicyResponse>(
      "DeleteAccountPasswordPolicy", Any<DeleteAccountPasswordPolicyRequest>,
      [logins](const auto& session, const auto& in) { return logins->DeleteAccountPasswordPolicy(session, in); }));
}

void AddProviderRows(const IamDependencies& d, std::vector<Row>& rows) {
  const auto providers = std::make_shared<credentials::OidcProviders>(d.identity, d.issuer_networks);
  const auto named = [](const Call&, const auto& in) { return in.open_id_connect_provider_arn.value_or(""); };
  const auto created = [](const Call& call, const CreateOpenIDConnectProviderRequest& in) {
    const std::string url = in.url.value_or("");
    const std::size_t scheme = url.find("://");
    return "arn:aws:iam::" + call.session.account.value() + ":oidc-provider/" +
           (scheme == std::string::npos ? url : url.substr(scheme + 3));
  };
  rows.push_back(MakeIamRow<CreateOpenIDConnectProviderRequest, CreateOpenIDConnectProviderResponse>(
      "CreateOpenIDConnectProvider", created, [providers](const auto& session, const auto& in) {
        return providers->CreateOpenIDConnectProvider(session, in);
      }));
  rows.push_back(MakeIamRow<GetOpenIDConnectProviderRequest, GetOpenIDConnectProviderResponse>(
      "GetOpenIDConnectProvider", named,
      [providers](const auto& session, const auto& in) { return providers->GetOpenIDConnectProvider(session, in); }));
  rows.push_back(MakeIamRow<DeleteOpenIDConnectProviderRequest, DeleteOpenIDConnectProviderResponse>(
      "DeleteOpenIDConnectProvider", named, [providers](const auto& session, const auto& in) {
        return providers->DeleteOpenIDConnectProvider(session, in);
      }));
  rows.push_back(
      MakeIamRow<UpdateOpenIDConnectProviderThumbprintRequest, UpdateOpenIDConnectProviderThumbprintResponse>(
          "UpdateOpenIDConnectProviderThumbprint", named, [providers](const auto& session, const auto& in) {
            return providers->UpdateOpenIDConnectProviderThumbprint(session, in);
          }));
  rows.push_back(MakeIamRow<AddClientIDToOpenIDConnectProviderRequest, AddClientIDToOpenIDConnectProviderResponse>(
      "AddClientIDToOpenIDConnectProvider", named, [providers](const auto& session, const auto& in) {
        return providers->AddClientIDToOpenIDConnectProvider(session, in);
      }));
  rows.push_back(
      MakeIamRow<RemoveClientIDFromOpenIDConnectProviderRequest, RemoveClientIDFromOpenIDConnectProviderResponse>(
          "RemoveClientIDFromOpenIDConnectProvider", named, [providers](const auto& session, const auto& in) {
            return providers->RemoveClientIDFromOpenIDConnectProvider(session, in);
          }));
  rows.push_back(MakeIamRow<TagOpenIDConnectProviderRequest, TagOpenIDConnectProviderResponse>(
      "TagOpenIDConnectProvider", named,
      [providers](const auto& session, const auto& in) { return providers->TagOpenIDConnectProvider(session, in); }));
  rows.push_back(MakeIamRow<UntagOpenIDConnectProviderRequest, UntagOpenIDConnectProviderResponse>(
      "UntagOpenIDConnectProvider", named,
      [providers](const auto& session, const auto& in) { return providers->UntagOpenIDConnectProvider(session, in); }));
  rows.push_back(MakeIamRow<ListOpenIDConnectProviderTagsRequest, ListOpenIDConnectProviderTagsResponse>(
      "ListOpenIDConnectProviderTags", named, [providers](const auto& session, const auto& in) {
        return providers->ListOpenIDConnectProviderTags(session, in);
      }));
  rows.push_back(MakeIamRow<ListOpenIDConnectProvidersRequest, ListOpenIDConnectProvidersResponse>(
      "ListOpenIDConnectProviders", Any<ListOpenIDConnectProvidersRequest>,
      [providers](const auto& session, const auto& in) { return providers->ListOpenIDConnectProviders(session, in); }));
  // There are none: SAML is not built.
  rows.push_back(MakeIamRow<ListSAMLProvidersRequest, ListSAMLProvidersResponse>(
      "ListSAMLProviders", Any<ListSAMLProvidersRequest>,
      [](const auto&, const auto&) -> Result<ListSAMLProvidersResponse> {
        return ListSAMLProvidersResponse{.saml_provider_list = std::vector<SAMLProviderListEntry>()};
      }));
}

void AddReportRows(const IamDependencies& d, std::vector<Row>& rows) {
  const auto reports = std::make_shared<credentials::Reports>(d.identity);
  const auto details = std::make_shared<credentials::AccountDetails>(d.identity);
  const auto subject = [](const Call&, const GenerateServiceLastAccessedDetailsRequest& in) {
    return in.arn.value_or("");
  };
  rows.push_back(MakeIamRow<GenerateServiceLastAccessedDetailsRequest, GenerateServiceLastAccessedDetailsResponse>(
      "GenerateServiceLastAccessedDetails", subject, [reports](const auto& session, const auto& in) {
        return reports->GenerateServiceLastAccessedDetails(session, in);
      }));
  rows.push_back(MakeIamRow<GetServiceLastAccessedDetailsRequest, GetServiceLastAccessedDetailsResponse>(
      "GetServiceLastAccessedDetails", Any<GetServiceLastAccessedDetailsRequest>,
      [reports](const auto& session, const auto& in) { return reports->GetServiceLastAccessedDetails(session, in); }));
  rows.push_back(MakeIamRow<GenerateCredentialReportRequest, GenerateCredentialReportResponse>(
      "GenerateCredentialReport", Any<GenerateCredentialReportRequest>,
      [reports](const auto& session, const auto& in) { return reports->GenerateCredentialReport(session, in); }));
  rows.push_back(MakeIamRow<GetCredentialReportRequest, GetCredentialReportResponse>(
      "GetCredentialReport", Any<GetCredentialReportRequest>,
      [reports](const auto& session, const auto& in) { return reports->GetCredentialReport(session, in); }));
  rows.push_back(MakeIamRow<GetAccountAuthorizationDetailsRequest, GetAccountAuthorizationDetailsResponse>(
      "GetAccountAuthorizationDetails", Any<GetAccountAuthorizationDetailsRequest>,
      [details](const auto& session, const auto& in) { return details->GetAccountAuthorizationDetails(session, in); }));
}

// Kinds of credentials that Aloft does not have. Tools that remove a user ask for them first.
void AddAbsentRows(const IamDependencies& d, std::vector<Row>& rows) {
  const auto own = [&identity = d.identity](const Call& call, const auto& in) {
    return ArnOf(identity, call, EntityKind::kUser, in.user_name.value_or(call.session.user_name));
  };
  rows.push_back(MakeIamRow<ListSSHPublicKeysRequest, ListSSHPublicKeysResponse>(
      "ListSSHPublicKeys", own, [](const auto&, const auto&) -> Result<ListSSHPublicKeysResponse> {
        return ListSSHPublicKeysResponse{.ssh_public_keys = std::vector<SSHPublicKeyMetadata>(), .is_truncated = false};
      }));
  rows.push_back(MakeIamRow<ListSigningCertificatesRequest, ListSigningCertificatesResponse>(
      "ListSigningCertificates", own, [](const auto&, const auto&) -> Result<ListSigningCertificatesResponse> {
        return ListSigningCertificatesResponse{.certificates = std::vector<SigningCertificate>(),
                                               .is_truncated = false};
      }));
  rows.push_back(MakeIamRow<ListServiceSpecificCredentialsRequest, ListServiceSpecificCredentialsResponse>(
      "ListServiceSpecificCredentials", own,
      [](const auto&, const auto&) -> Result<ListServiceSpecificCredentialsResponse> {
        return ListServiceSpecificCredentialsResponse{.service_specific_credentials =
                                                          std::vector<ServiceSpecificCredentialMetadata>()};
      }));
  rows.push_back(MakeIamRow<ListServerCertificatesRequest, ListServerCertificatesResponse>(
      "ListServerCertificates", Any<ListServerCertificatesRequest>,
      [](const auto&, const auto&) -> Result<ListServerCertificatesResponse> {
        return ListServerCertificatesResponse{
            .server_certificate_metadata_list = std::vector<ServerCertificateMetadata>(), .is_truncated = false};
      }));
}

}  // namespace aloft::api::iam_rows
