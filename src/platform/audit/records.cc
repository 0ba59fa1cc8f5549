#include "platform/audit/records.h"

#include <boost/json.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/crypto/hash.h"
#include "foundation/kv/position.h"
#include "platform/audit/errors.h"

namespace aloft::audit {
namespace {

using kv::AppendBigEndian;
using kv::ReadBigEndian;

constexpr char kRecordFormat = 1;
constexpr char kBlockFormat = 1;
constexpr char kPositionFormat = 1;
constexpr std::size_t kKeyBytes = kAccountBytes + 8 + kIdBytes;
constexpr std::size_t kEntryBytes = 1 + kKeyBytes + kDigestBytes;

std::uint64_t Number(Time at) {
  return static_cast<std::uint64_t>(ToMicros(at));
}
Time ToTime(std::uint64_t micros) {
  return FromMicros(static_cast<std::int64_t>(micros));
}

}  // namespace

std::string RecordName::Key() const {
  std::string out;
  out.reserve(kKeyBytes);
  out.append(account);
  out.resize(kAccountBytes, '0');
  AppendBigEndian(out, Number(at));
  return out.append(id);
}

std::string RecordName::Encode() const {
  std::string out;
  out.reserve(1 + kKeyBytes);
  out.push_back(data ? '\1' : '\0');
  return out.append(Key());
}

std::optional<RecordName> RecordName::Decode(std::string_view bytes) {
  if (bytes.size() != 1 + kKeyBytes || (bytes[0] != '\0' && bytes[0] != '\1')) return std::nullopt;
  return FromKey(bytes[0] == '\1', bytes.substr(1));
}

std::optional<RecordName> RecordName::FromKey(bool data, std::string_view key) {
  if (key.size() != kKeyBytes) return std::nullopt;
  return RecordName{data, std::string(key.substr(0, kAccountBytes)), ToTime(ReadBigEndian(key.substr(kAccountBytes))),
                    std::string(key.substr(kAccountBytes + 8))};
}

std::optional<std::string> IdBytes(std::string_view uuid) {
  std::string digits;
  for (char c : uuid)
    if (c != '-') digits.push_back(c);
  auto bytes = HexDecode(digits);
  if (!bytes || bytes->size() != kIdBytes || IdText(*bytes) != uuid) return std::nullopt;
  return bytes;
}

std::string IdText(std::string_view bytes) {
  std::string text = HexEncode(AsBytes(bytes));
  for (std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

std::string EncodeRecord(std::string_view json) {
  return std::string(1, kRecordFormat).append(json);
}

std::optional<std::string_view> DecodeRecord(std::string_view stored) {
  if (stored.empty() || stored[0] != kRecordFormat) return std::nullopt;
  return stored.substr(1);
}

std::string Block::Encode() const {
  std::string out(1, kBlockFormat);
  out.reserve(128 + entries.size() * kEntryBytes);
  AppendBigEndian(out, chain.size(), 1);
  out.append(chain);
  AppendBigEndian(out, sequence);
  AppendBigEndian(out, Number(at));
  out.append(previous);
  AppendBigEndian(out, entries.size(), 4);
  for (const Entry& each : entries) out.append(each.name.Encode()).append(each.digest);
  return out;
}

std::optional<Block> Block::Decode(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != kBlockFormat) return std::nullopt;
  std::size_t name = static_cast<unsigned char>(bytes[1]);
  const std::size_t header = 2 + name + 8 + 8 + kDigestBytes + 4;
  if (bytes.size() < header) return std::nullopt;
  Block out;
  out.chain = bytes.substr(2, name);
  bytes.remove_prefix(2 + name);
  out.sequence = ReadBigEndian(bytes);
  out.at = ToTime(ReadBigEndian(bytes.substr(8)));
  out.previous = bytes.substr(16, kDigestBytes);
  std::size_t count = ReadBigEndian(bytes.substr(16 + kDigestBytes), 4);
  bytes.remove_prefix(16 + kDigestBytes + 4);
  if (bytes.size() / kEntryBytes != count || bytes.size() % kEntryBytes != 0) return std::nullopt;
  out.entries.reserve(count);
  for (; !bytes.empty(); bytes.remove_prefix(kEntryBytes)) {
    auto record = RecordName::Decode(bytes.substr(0, 1 + kKeyBytes));
    if (!record) return std::nullopt;
    out.entries.push_back({std::move(*record), std::string(bytes.substr(1 + kKeyBytes, kDigestBytes))});
  }
  return out;
}

std::string BlockKey(std::string_view chain, std::uint64_t sequence) {
  std::string out(chain);
  out.push_back('/');
  AppendBigEndian(out, sequence);
  return out;
}

std::string HashOf(std::string_view block_bytes) {
  return crypto::Sha256(block_bytes);
}

std::string NoHash() {
  return std::string(kDigestBytes, '\0');
}

std::string Position::Signed(std::string_view purpose, std::string_view chain) const {
  std::string out(purpose);
  out.push_back('\0');
  out.append(chain);
  out.push_back('\0');
  AppendBigEndian(out, sequence);
  AppendBigEndian(out, Number(at));
  return out.append(hash);
}

std::string Position::Encode() const {
  std::string out(1, kPositionFormat);
  AppendBigEndian(out, sequence);
  AppendBigEndian(out, Number(at));
  return out.append(hash).append(key_id).append(signature);
}

std::optional<Position> Position::Decode(std::string_view bytes) {
  if (bytes.size() != 1 + 8 + 8 + kDigestBytes + 8 + 64 || bytes[0] != kPositionFormat) return std::nullopt;
  Position out;
  out.sequence = ReadBigEndian(bytes.substr(1));
  out.at = ToTime(ReadBigEndian(bytes.substr(9)));
  out.hash = bytes.substr(17, kDigestBytes);
  out.key_id = bytes.substr(17 + kDigestBytes, 8);
  out.signature = bytes.substr(17 + kDigestBytes + 8);
  return out;
}

std::string Checkpoint::Signed() const {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("version").Int(1).Key("replica").String(replica).Key("at").Int(ToMicros(at));
  json.Key("previous").String(HexEncode(AsBytes(previous))).Key("key").String(HexEncode(AsBytes(key_id)));
  json.Key("heads").BeginArray();
  for (const Head& each : heads) {
    json.BeginObject().Key("chain").String(each.chain).Key("sequence").Unsigned(each.sequence);
    json.Key("hash").String(HexEncode(AsBytes(each.hash))).EndObject();
  }
  json.EndArray().EndObject();
  return out;
}

std::string Checkpoint::signature_hex() const {
  return HexEncode(AsBytes(signature));
}

Result<Checkpoint> Checkpoint::Decode(std::string_view text) {
  text = Trim(text);
  auto line = text.find('\n');
  auto bad = [](std::string why) {
    return Fail(kCorrupt, "This is not a checkpoint of the audit log.", std::move(why));
  };
  if (line == std::string_view::npos) return bad("no signature");
  ALOFT_ASSIGN(boost::json::value value, codec::ParseJson(text.substr(0, line)));
  Checkpoint out;
  try {
    const auto& object = value.as_object();
    auto hex = [](const boost::json::value& member) {
      return HexDecode(std::string_view(member.as_string())).value_or("");
    };
    if (object.at("version").to_number<int>() != 1) return bad("another version");
    out.replica = object.at("replica").as_string();
    out.at = FromMicros(object.at("at").to_number<std::int64_t>());
    out.previous = hex(object.at("previous"));
    out.key_id = hex(object.at("key"));
    for (const auto& member : object.at("heads").as_array()) {
      const auto& head = member.as_object();
      out.heads.push_back({std::string(head.at("chain").as_string()), head.at("sequence").to_number<std::uint64_t>(),
                           hex(head.at("hash"))});
    }
  } catch (const std::exception& failure) {
    return bad(failure.what());
  }
  out.signature = HexDecode(Trim(text.substr(line + 1))).value_or("");
  // What was signed are these bytes; another spelling of the same is not what we wrote.
  if (out.Signed() != text.substr(0, line)) return bad("spelled differently");
  return out;
}

std::string CheckpointKey(Time at, std::string_view replica) {
  std::string out;
  AppendBigEndian(out, Number(at));
  return out.append("/").append(replica);
}

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {.room = "audit",
       .version = 1,
       .statements = {"CREATE TABLE audit_pending (name BLOB PRIMARY KEY, chain TEXT NOT NULL, record BLOB NOT NULL, "
                      "mark BLOB NOT NULL) STRICT"}},
  };
  return migrations;
}

}  // namespace aloft::audit
