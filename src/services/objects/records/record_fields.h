// The parts that this room's records are made of, each as numbered fields of its own. docs/formats/objects.md
#pragma once

#include <string>
#include <string_view>

#include "services/objects/records/records.h"

namespace aloft::objects {

inline std::uint64_t Micros(Time time) {
  return static_cast<std::uint64_t>(ToMicros(time));
}
inline Time At(std::uint64_t micros) {
  return FromMicros(static_cast<std::int64_t>(micros));
}

// Decoding passes over what it does not know; the record around it says whether the bytes are whole.
std::string EncodeAttributes(const Attributes& attributes);
void DecodeAttributes(std::string_view bytes, Attributes& attributes);
std::string EncodeChecksum(const Checksum& checksum);
Checksum DecodeChecksum(std::string_view bytes);
std::string EncodePart(const Part& part);
Part DecodePartFields(std::string_view bytes);
std::string EncodeSegment(const Segment& segment);
Segment DecodeSegment(std::string_view bytes);
std::string EncodeLock(const Lock& lock);
Lock DecodeLock(std::string_view bytes);
std::string EncodeKey(const Encryption& encryption, std::string_view sealed);
void DecodeKey(std::string_view bytes, Encryption& encryption, std::string& sealed);
std::string EncodeLockConfiguration(const LockConfiguration& lock);
LockConfiguration DecodeLockConfiguration(std::string_view bytes);

}  // namespace aloft::objects
