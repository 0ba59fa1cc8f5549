// Texts of SigV4 shared by the sources of this room.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/crypto/sigv4.h"
#include "foundation/crypto/sigv4_view.h"

namespace aloft::crypto::internal {

using QueryList = std::vector<std::pair<std::string, std::string>>;

// Percent-encodes all but A-Z a-z 0-9 - . _ ~ and, if asked, '/'.
std::string UriEncode(std::string_view text, bool keep_slash);
// Damaged escapes stay as they are.
std::string UriDecode(std::string_view text);
// In a query '+' is a space, as whoever reads the request takes it: what is verified must be what is understood.
std::string QueryDecode(std::string_view text);

// The raw query's pairs, still encoded; "a" is {"a", ""}; empty parts are dropped.
QueryList SplitQuery(std::string_view query);

// The first header of this name, any case; null where absent.
const std::string* FindHeader(const HeaderList& headers, std::string_view name);

// How the path and the query of a request are brought into canonical form. Clients differ in what they leave
// unescaped on the wire, so a verifier that fails with one form tries the other.
enum class Form { kEncoded, kAsSent };

std::string CanonicalRequestIn(Form form, const RequestView& request, const std::vector<std::string>& signed_headers,
                               std::string_view service, std::string_view payload_hash);

// Version 2 of the signature in a query: sigv2.cc.
bool IsVersion2(const QueryList& query);
Result<Authorization> ParseVersion2(const QueryList& query);
// The text that is signed.
std::string Version2Text(const RequestView& request);
Result<PayloadClaim> VerifyVersion2(const RequestView& request, const Authorization& authorization,
                                    std::string_view secret, Time now);

}  // namespace aloft::crypto::internal
