// Records as they lie in the store: packed against a fixed text, because most of a record's bytes are in every record.
//
// What is signed, digested and exported is the plain record (EncodeRecord); packing changes only how it is kept. Pure;
// thread-safe. The formats are in docs/formats/audit.md: what any version wrote can be read for ever.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aloft::audit {

// The stored form of a plain record (a packed one stays as it is): a microsecond or two of a processor, a third of the
// bytes.
std::string PackRecord(std::string_view plain);
// The plain record of a stored form of any version. Absent: the bytes are damaged, or of a newer version.
std::optional<std::string> UnpackRecord(std::string_view stored);
// Its JSON.
std::optional<std::string> JsonOfRecord(std::string_view stored);

}  // namespace aloft::audit
