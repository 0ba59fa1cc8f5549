// Why a call was refused, in a form that only this installation can read: the caller gets it with the refusal, and who
// may call sts:DecodeAuthorizationMessage opens it. Format: docs/formats/identity.md.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "platform/identity/service.h"
#include "platform/identity/session.h"
#include "platform/keys/keyring.h"

namespace aloft::identity {

// At most 4096 characters: conditions that find no room are left out.
std::string EncodeDenial(const keys::Keyring& keyring, const Session& session, std::string_view action,
                         std::string_view resource, const Context& context, const Decision& decision);

std::string EncodeDenial(const Service& identity, const Session& session, std::string_view action,
                         std::string_view resource, const Context& context, const Decision& decision);

struct Denial {
  AccountId account;     // the caller's: others may not read it
  std::string document;  // JSON, in the shape of EC2's
};
// kInvalidInput where it is none of ours.
Result<Denial> DecodeDenial(const keys::Keyring& keyring, std::string_view encoded);

}  // namespace aloft::identity
