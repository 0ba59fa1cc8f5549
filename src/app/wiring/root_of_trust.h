// What hides the root key file, as the operator chose it: [keys] in the configuration.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "foundation/base/result.h"
#include "platform/keys/wrapper.h"

namespace aloft::app {

// Null for root = "file". Reads passphrase, PIN and credentials from where the configuration says; never from arguments
// or the environment. Errors name the setting.
Result<std::unique_ptr<keys::Wrapper>> MakeRootWrapper(const Config& config);

// "fd:3", "credential:name" (of systemd), "prompt", or a file that only its owner may read.
Result<std::string> ReadSecret(const std::string& from, const std::string& what);

}  // namespace aloft::app
