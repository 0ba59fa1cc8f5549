#include "app/tls_files.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "foundation/crypto/certificate.h"
#include "foundation/os/file.h"

namespace aloft::app {
namespace {

using std::chrono::hours;

constexpr hours kAuthorityLife{24 * 3650};
constexpr hours kServerLife{24 * 397};
constexpr hours kRenewBefore{24 * 30};

std::vector<std::string> NamesOf(const Config& config) {
  std::vector<std::string> names{config.public_name, "localhost", "127.0.0.1", "::1"};
  if (config.address != "0.0.0.0" && config.address != "::") names.push_back(config.address);
  // Host-prefix operations of AWS clients put these before the host name.
  if (const std::string domain = config.domain(); !domain.empty()) names.push_back("*." + domain);
  std::vector<std::string> unique;
  for (auto& name : names) {
    if (std::find(unique.begin(), unique.end(), name) == unique.end()) unique.push_back(std::move(name));
  }
  return unique;
}

// A private key lies sealed beside its certificate: "ca.key.sealed". What a version before sealing left in the clear is
// sealed when it is met.
std::string SealContext(const std::string& name) {
  return "tls/" + name;
}

Status StoreKey(const Config& config, const keys::Keyring& keyring, const std::string& name, const std::string& pem) {
  const std::string file = config.tls_path() + "/" + name;
  ALOFT_TRY(os::WriteFileDurably(file + ".sealed", keyring.Seal(pem, SealContext(name)), 0600));
  return os::RemoveFileDurably(file);
}

// kNoSuchFile where there is none.
Result<std::string> LoadKey(const Config& config, const keys::Keyring& keyring, const std::string& name) {
  const std::string file = config.tls_path() + "/" + name;
  auto sealed = os::ReadFile(file + ".sealed");
  if (sealed.ok()) return keyring.Open(*sealed, SealContext(name));
  ALOFT_ASSIGN(std::string pem, os::ReadFile(file));
  ALOFT_TRY(StoreKey(config, keyring, name, pem));
  return pem;
}

std::string AuthorityFile(const Config& config) {
  return config.tls_path() + "/ca.pem";
}

Result<crypto::CertificatePair> LoadOrMakeAuthority(const Config& config, const keys::Keyring& keyring,
                                                    const Clock& clock) {
  ALOFT_TRY(os::MakeDirectories(config.tls_path(), 0755));
  if (os::ReadFile(AuthorityFile(config)).ok()) return LoadAuthority(config, keyring);
  ALOFT_ASSIGN(auto pair,
               crypto::MakeAuthority("Aloft authority of " + config.public_name, clock.Now(), kAuthorityLife));
  // The key first: a certificate without its key could never be used.
  ALOFT_TRY(StoreKey(config, keyring, "ca.key", pair.key_pem));
  ALOFT_TRY(os::WriteFileDurably(AuthorityFile(config), pair.certificate_pem, 0644));
  return pair;
}

bool StillGood(const std::string& certificate_pem, const std::string& key_pem, const crypto::CertificatePair& authority,
               const std::vector<std::string>& names, Time now) {
  auto info = crypto::ReadCertificate(certificate_pem);
  if (!info.ok() || info->not_after < now + kRenewBefore) return false;
  if (!crypto::IsSignedBy(certificate_pem, authority.certificate_pem)) return false;
  if (!crypto::KeyBelongsTo(key_pem, certificate_pem)) return false;
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(info->names.begin(), info->names.end(), name) != info->names.end();
  });
}

}  // namespace

Result<crypto::CertificatePair> LoadAuthority(const Config& config, const keys::Keyring& keyring) {
  ALOFT_ASSIGN(std::string certificate, os::ReadFile(AuthorityFile(config)));
  ALOFT_ASSIGN(std::string key, LoadKey(config, keyring, "ca.key"));
  return crypto::CertificatePair{std::move(certificate), std::move(key)};
}

Result<TlsFiles> LoadTls(const Config& config, const keys::Keyring& keyring, const Clock& clock) {
  if (!config.tls_certificate_file.empty()) {
    TlsFiles files;
    ALOFT_ASSIGN(files.identity.certificate_chain_pem, os::ReadFile(config.tls_certificate_file));
    ALOFT_ASSIGN(files.identity.private_key_pem, os::ReadFile(config.tls_key_file));
    // The agents' certificates are ours in any case.
    if (config.binds_task_sessions()) {
      ALOFT_ASSIGN(auto authority, LoadOrMakeAuthority(config, keyring, clock));
      files.identity.client_authority_pem = std::move(authority.certificate_pem);
    }
    return files;
  }
  ALOFT_ASSIGN(crypto::CertificatePair authority, LoadOrMakeAuthority(config, keyring, clock));
  const std::vector<std::string> names = NamesOf(config);
  const std::string certificate_file = config.tls_path() + "/server.pem";

  TlsFiles files{{}, AuthorityFile(config)};
  if (config.binds_task_sessions()) files.identity.client_authority_pem = authority.certificate_pem;
  auto certificate = os::ReadFile(certificate_file);
  auto key = LoadKey(config, keyring, "server.key");
  if (certificate.ok() && key.ok() && StillGood(*certificate, *key, authority, names, clock.Now())) {
    files.identity.certificate_chain_pem = std::move(*certificate);
    files.identity.private_key_pem = std::move(*key);
    return files;
  }
  ALOFT_ASSIGN(auto pair, crypto::MakeServerCertificate(authority, names, clock.Now(), kServerLife));
  ALOFT_TRY(StoreKey(config, keyring, "server.key", pair.key_pem));
  ALOFT_TRY(os::WriteFileDurably(certificate_file, pair.certificate_pem, 0644));
  files.identity.certificate_chain_pem = std::move(pair.certificate_pem);
  files.identity.private_key_pem = std::move(pair.key_pem);
  return files;
}

keys::SealSource TlsKeySource(const Config& config, const keys::Keyring& keyring) {
  return {"tls", [&config, &keyring](const std::string&) -> Result<keys::ResealPage> {
            keys::ResealPage out;
            for (const char* name : {"ca.key", "server.key"}) {
              const std::string file = config.tls_path() + "/" + name + ".sealed";
              const auto sealed = os::ReadFile(file);
              if (!sealed.ok()) continue;
              ++out.seen;
              auto renewed = keys::Renew(keyring, *sealed, SealContext(name));
              if (!renewed.ok()) ++out.failed;
              if (!renewed.ok() || !*renewed) continue;
              ALOFT_TRY(os::WriteFileDurably(file, **renewed, 0600));
              ++out.renewed;
            }
            return out;
          }};
}

}  // namespace aloft::app
