// What the audit log keeps: docs/formats/audit.md. Keys and values as bytes; pure.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"

namespace aloft::audit {

// Spaces in kv.
inline constexpr std::string_view kEvents = "audit.event";     // management events: RecordKey -> record
inline constexpr std::string_view kDataEvents = "audit.data";  // data events: RecordKey -> record
inline constexpr std::string_view kPending = "audit.pending";  // chain "/" RecordName -> mark: not in a block yet
inline constexpr std::string_view kBlocks = "audit.block";     // BlockKey -> Block
inline constexpr std::string_view kHeads = "audit.head";       // chain -> Position: its last block, signed
inline constexpr std::string_view kStarts = "audit.start";     // chain -> Position: its first kept block, signed
inline constexpr std::string_view kCheckpoints = "audit.checkpoint";  // time, replica -> checkpoint
inline constexpr std::string_view kKeys = "audit.key";                // key id -> public key and sealed seed

inline constexpr std::size_t kDigestBytes = 32;
inline constexpr std::size_t kAccountBytes = 12;
inline constexpr std::size_t kIdBytes = 16;

// Where a record stands.
struct RecordName {
  bool data = false;
  std::string account;  // 12 characters
  Time at{};
  std::string id;  // 16 bytes

  std::string_view space() const { return data ? kDataEvents : kEvents; }
  std::string Key() const;     // in its space: ordered by account, then time
  std::string Encode() const;  // with the space, 37 bytes
  static std::optional<RecordName> Decode(std::string_view bytes);
  static std::optional<RecordName> FromKey(bool data, std::string_view key);
  friend auto operator<=>(const RecordName&, const RecordName&) = default;
};

// A UUID's text <-> its 16 bytes. Absent where the text is none.
std::optional<std::string> IdBytes(std::string_view uuid);
std::string IdText(std::string_view bytes);

// A plain record, as digests and marks are of it: one byte of format, the JSON. How it is kept: packed_record.h.
std::string EncodeRecord(std::string_view json);
std::optional<std::string_view> DecodeRecord(std::string_view stored);

// One link of a chain.
struct Block {
  std::string chain;
  std::uint64_t sequence = 0;  // from 1
  Time at{};
  std::string previous;  // the hash of the block before; 32 zero bytes before the first
  struct Entry {
    RecordName name;
    std::string digest;  // SHA-256 of the plain record
  };
  std::vector<Entry> entries;

  std::string Encode() const;
  static std::optional<Block> Decode(std::string_view bytes);
};
std::string BlockKey(std::string_view chain, std::uint64_t sequence);
// SHA-256 of the encoded block.
std::string HashOf(std::string_view block_bytes);
std::string NoHash();

// A place in a chain, signed. Of a head: its last block and that one's hash; of a start: the first kept block and the
// hash of the one before it.
struct Position {
  std::uint64_t sequence = 0;
  Time at{};
  std::string hash;
  std::string key_id;     // 8 bytes
  std::string signature;  // of Signed()

  std::string Signed(std::string_view purpose, std::string_view chain) const;
  std::string Encode() const;
  static std::optional<Position> Decode(std::string_view bytes);
};
inline constexpr std::string_view kHeadPurpose = "aloft audit head";
inline constexpr std::string_view kStartPurpose = "aloft audit start";

// The heads of all chains that a replica sees, signed: JSON, a line feed, the signature in hexadecimal.
struct Checkpoint {
  std::string replica;
  Time at{};
  std::string previous;  // SHA-256 of the replica's checkpoint before; empty before the first
  struct Head {
    std::string chain;
    std::uint64_t sequence = 0;
    std::string hash;
  };
  std::vector<Head> heads;
  std::string key_id;
  std::string signature;

  std::string Signed() const;  // the JSON
  std::string Encode() const { return Signed() + "\n" + signature_hex(); }
  std::string signature_hex() const;
  static Result<Checkpoint> Decode(std::string_view text);
};
std::string CheckpointKey(Time at, std::string_view replica);

// The room's table in sql, for sql::Database::Open.
std::span<const sql::Migration> Migrations();

}  // namespace aloft::audit
