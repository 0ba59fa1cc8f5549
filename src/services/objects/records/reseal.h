// The data keys that the installation's root key sealed, for its rotation: of objects, their older versions, and
// uploads under way. Those under a KMS key or a customer's are not the root's to renew.
#pragma once

#include "foundation/kv/store.h"
#include "platform/keys/reseal.h"

namespace aloft::objects {

keys::SealSource DataKeySource(kv::Store& store, const keys::Keyring& keyring);

}  // namespace aloft::objects
