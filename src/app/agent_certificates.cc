#include "app/agent_certificates.h"

#include <algorithm>
#include <cctype>

#include "app/tls_files.h"
#include "foundation/codec/uri.h"
#include "foundation/crypto/client_certificate.h"
#include "foundation/crypto/wipe.h"

namespace aloft::app {
namespace {

// A host's name as the agent tells it; what could mean something else in a URI is left out.
std::string HostOf(const compute::AgentKey& agent) {
  constexpr std::size_t kLongest = 253;
  const bool plain =
      !agent.host.empty() && agent.host.size() <= kLongest &&
      std::ranges::all_of(agent.host, [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-'; });
  return plain ? agent.host : "unknown";
}

}  // namespace

Result<AgentCertificate> CertifyAgent(const Config& config, const keys::Keyring& keyring, const compute::TaskId& task,
                                      const compute::AgentKey& agent, Time now, Time not_after) {
  ALOFT_ASSIGN(crypto::CertificatePair authority, LoadAuthority(config, keyring));
  const crypto::Wiped wipe(authority.key_pem);
  std::string uri = "aloft-task://";
  uri.append(HostOf(agent)).append("/").append(codec::PercentEncode(task.value()));
  AgentCertificate out;
  ALOFT_ASSIGN(out.pem, crypto::MakeClientCertificate(authority, agent.public_key, {task.value(), std::move(uri)}, now,
                                                      std::chrono::ceil<std::chrono::seconds>(not_after)));
  ALOFT_ASSIGN(const crypto::CertificateInfo info, crypto::ReadCertificate(out.pem));
  out.key_sha256_hex = info.key_sha256_hex;
  return out;
}

}  // namespace aloft::app
