#include "app/wiring/doors.h"

#include "foundation/os/file.h"

namespace aloft::app {

Result<std::unique_ptr<Doors>> Doors::Open(World& world, Platform& platform,
                                           std::shared_ptr<http::IoThreads> io_threads) {
  std::unique_ptr<Doors> doors(new Doors());
  doors->factors_ = std::make_unique<factors::Service>(platform.identity());
  doors->sign_in_ = std::make_unique<sessions::SignIn>(platform.identity(), *doors->factors_);
  doors->uses_ = std::make_unique<directory::LastUses>(platform.identity());
  federation::IssuerOptions options;
  const Config& config = world.config;
  if (config.oidc_issuer_networks == "private") options.networks = federation::IssuerNetworks::kPrivate;
  if (config.oidc_issuer_networks == "loopback") options.networks = federation::IssuerNetworks::kLoopback;
  if (!config.oidc_ca_file.empty()) {
    ALOFT_ASSIGN(options.ca_pem, os::ReadFile(config.oidc_ca_file));
  }
  options.io_threads = std::move(io_threads);
  ALOFT_ASSIGN(doors->issuers_, federation::IssuerKeys::Create(std::move(options), world.clock));
  doors->tokens_ = std::make_unique<sessions::SecurityTokens>(
      sessions::Dependencies{platform.identity(), *doors->factors_, *doors->issuers_});
  return doors;
}

void Doors::Stop() {
  issuers_.reset();
  (void)uses_->Flush();  // best effort: at most the last minute is lost
}

}  // namespace aloft::app
