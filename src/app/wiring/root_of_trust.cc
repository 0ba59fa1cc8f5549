#include "app/wiring/root_of_trust.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "app/terminal.h"
#include "foundation/base/bytes.h"
#include "foundation/base/clock.h"
#include "foundation/crypto/hash.h"
#include "foundation/crypto/sigv4.h"
#include "foundation/crypto/wipe.h"
#include "foundation/http/client.h"
#include "foundation/os/file.h"
#include "platform/keys/errors.h"

namespace aloft::app {
namespace {

constexpr std::size_t kMaxSecretBytes = 4096;

void CutLineEnd(std::string& text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
}

Result<std::string> ReadDescriptor(const std::string& number) {
  const int fd = std::atoi(number.c_str());
  std::string out(kMaxSecretBytes, '\0');
  std::size_t size = 0;
  for (ssize_t count; size < out.size() && (count = ::read(fd, out.data() + size, out.size() - size)) != 0;) {
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("reading a secret from descriptor " + number, errno);
    size += static_cast<std::size_t>(count);
  }
  out.resize(size);
  return out;
}

Result<std::string> Ask(const std::string& what) {
  if (::isatty(STDIN_FILENO) == 0)
    return Fail(kInvalidArgument, "no terminal to ask for the " + what + ": name a file, fd:N or credential:NAME");
  return AskAtTerminal("The " + what, true);
}

}  // namespace

Result<std::string> ReadSecret(const std::string& from, const std::string& what) {
  std::string text;
  if (from.empty()) return Fail(kInvalidArgument, "the " + what + " is needed: name where it is read from");
  if (from.starts_with("fd:")) {
    ALOFT_ASSIGN(text, ReadDescriptor(from.substr(3)));
  } else if (from == "prompt") {
    ALOFT_ASSIGN(text, Ask(what));
  } else {
    std::string path = from;
    if (from.starts_with("credential:")) {
      const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
      if (directory == nullptr)
        return Fail(kInvalidArgument, "systemd passed no credentials, and the " + what + " is one");
      path = std::string(directory) + "/" + from.substr(11);
    }
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0)
      return Fail(keys::kRootKeyUnsafe, "others than its owner can read " + path + "; run: chmod 600 " + path);
    ALOFT_ASSIGN(text, os::ReadFile(path, kMaxSecretBytes));
  }
  CutLineEnd(text);
  return text;
}

namespace {

// One call of another key service, signed with the access key in the credentials file: its id, a line end, its secret.
Result<std::string> CallKms(const RootOfTrust& root, std::string_view operation, std::string_view body) {
  std::string url = root.kms_endpoint;
  const bool tls = url.starts_with("https://");
  if (!tls && !url.starts_with("http://127.0.0.1"))
    return Fail(kInvalidArgument, "keys.kms_endpoint must begin with https://");
  url.erase(0, tls ? 8 : 7);
  if (const std::size_t slash = url.find('/'); slash != std::string::npos) url.resize(slash);
  const std::size_t colon = url.rfind(':');
  const std::string host = url.substr(0, colon);
  const int port = colon == std::string::npos ? (tls ? 443 : 80) : std::atoi(url.c_str() + colon + 1);

  ALOFT_ASSIGN(std::string credentials, ReadSecret(root.kms_credentials, "credentials of the key service"));
  const crypto::Wiped wiped(credentials);
  const std::size_t line = credentials.find('\n');
  if (line == std::string::npos)
    return Fail(kInvalidArgument, "the credentials of the key service are two lines: access key id and secret");
  http::ClientOptions options;
  if (!root.kms_ca_file.empty()) {
    ALOFT_ASSIGN(options.ca_pem, os::ReadFile(root.kms_ca_file));
  }
  ALOFT_ASSIGN(const auto client, http::Client::Create(std::move(options)));
  crypto::SignedRequest request{"POST", "/", "", {}};
  request.headers = {{"Host", url},
                     {"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", "TrentService." + std::string(operation)}};
  crypto::Sign(request, {credentials.substr(0, line), credentials.substr(line + 1), ""}, root.kms_region, "kms",
               crypto::Sha256Hex(body), SystemClock().Now());
  http::ClientRequest send;
  send.method = "POST";
  send.repeatable = true;
  for (auto& [name, value] : request.headers) send.headers.Add(name, value);
  send.body = std::string(body);
  ALOFT_ASSIGN(auto answer, client->Call({host, static_cast<std::uint16_t>(port), tls}, std::move(send)));
  if (answer.status == 200) return std::move(answer.body);
  return Fail(keys::kRootKeyLocked, "the key service at " + root.kms_endpoint + " refused " + std::string(operation) +
                                        " with status " + std::to_string(answer.status));
}

}  // namespace

Result<std::unique_ptr<keys::Wrapper>> MakeRootWrapper(const Config& config) {
  const RootOfTrust& root = config.root_of_trust;
  if (root.kind == "passphrase") {
    ALOFT_ASSIGN(std::string passphrase, ReadSecret(root.passphrase, "passphrase of the root key"));
    return keys::MakePassphraseWrapper(std::move(passphrase));
  }
  if (root.kind == "pkcs11") {
    ALOFT_ASSIGN(std::string pin, ReadSecret(root.pkcs11_pin, "PIN of the PKCS#11 token"));
    return keys::MakePkcs11Wrapper({root.pkcs11_module, root.pkcs11_token, std::move(pin), root.pkcs11_key});
  }
  if (root.kind == "kms")
    return keys::MakeKmsWrapper(root.kms_key, [root](std::string_view operation, std::string_view body) {
      return CallKms(root, operation, body);
    });
  return std::unique_ptr<keys::Wrapper>();
}

}  // namespace aloft::app
