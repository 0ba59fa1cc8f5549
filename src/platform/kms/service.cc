#include "platform/kms/service.h"

#include <boost/json/value.hpp>

#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "foundation/crypto/hmac.h"
#include "platform/kms/state.h"

namespace aloft::kms {
namespace {

// The services whose keys are made on first use.
constexpr std::string_view kServices[] = {"s3",       "sagemaker",      "ebs",  "dynamodb", "sqs",
                                          "sns",      "secretsmanager", "logs", "lambda",   "rds",
                                          "redshift", "kinesis",        "ssm",  "glue",     "elasticfilesystem"};

constexpr std::string_view kUuidForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (kUuidForm[i] == '-' ? text[i] != '-' : !hex) return false;
  }
  return true;
}

// Where the name of a key leads.
struct Named {
  AccountId account;
  Region region;
  std::string id;  // one of these two
  std::string alias;
};

Result<Named> Parse(const Caller& caller, std::string_view text, bool aliases) {
  Named out{caller.account, caller.region, {}, {}};
  std::string_view rest = text;
  if (text.starts_with("arn:")) {
    const auto parts = Split(text, ':');
    if (parts.size() < 6 || parts[2] != "kms") return Fail(kInvalidArn, "Invalid arn " + std::string(text));
    if (parts[3] != caller.region.value()) return Fail(kNotFound, "Invalid arn " + std::string(parts[3]));
    out.region = Region(parts[3]);
    out.account = AccountId(parts[4]);
    rest = text.substr(static_cast<std::size_t>(parts[5].data() - text.data()));
    if (rest.starts_with("key/")) rest.remove_prefix(4);
  }
  if (aliases && rest.starts_with("alias/")) {
    out.alias = rest;
  } else if (IsUuid(rest)) {
    out.id = rest;
  } else {
    return Fail(kNotFound, "Invalid keyId '" + std::string(rest) + "'");
  }
  return out;
}

}  // namespace

Service::Service(sql::Database& database, const keys::Keyring& keyring, const Clock& clock, Random& random, Log log)
    : state_(new State{database, keyring, clock, random, std::move(log)}) {}
Service::~Service() = default;

Error NoSuchKey(std::string_view arn) {
  return Fail(kNotFound, "Key '" + std::string(arn) + "' does not exist");
}

Result<Key> Service::State::Find(sql::Reader& reader, const Caller& caller, std::string_view named,
                                 bool aliases) const {
  ALOFT_ASSIGN(Named name, Parse(caller, named, aliases));
  if (!name.alias.empty()) {
    ALOFT_ASSIGN(const auto alias, records::FindAlias(reader, name.account, name.region, name.alias));
    if (!alias)
      return Fail(kNotFound, "Alias arn:aws:kms:" + name.region.value() + ":" + name.account.value() + ":" +
                                 name.alias + " is not found.");
    name.id = alias->key_id;
  }
  Key nominal;
  nominal.id = name.id;
  nominal.account = name.account;
  nominal.region = name.region;
  ALOFT_ASSIGN(auto key, records::FindKey(reader, name.id));
  if (!key || key->account != name.account || key->region != name.region) return NoSuchKey(nominal.Arn());
  return std::move(*key);
}

Status Service::State::OwnedBy(const Caller& caller, const Key& key) {
  if (key.account == caller.account) return {};
  return NoSuchKey(key.Arn());
}

Result<Key> Service::Find(const Caller& caller, std::string_view named) const {
  auto found = state_->database.Read([&](sql::Reader& reader) { return state_->Find(reader, caller, named, true); });
  const std::size_t slash = named.find("alias/");
  if (found.ok() || found.error().reason != kNotFound || slash == std::string_view::npos) return found;
  const std::string_view alias = named.substr(slash);
  ALOFT_ASSIGN(const Named name, Parse(caller, named, true));
  const auto service = ServiceOfAlias(alias);
  if (!service || name.account != caller.account) return found;
  Key key;
  key.id = state_->random.Uuid();
  key.account = caller.account;
  key.region = caller.region;
  key.created = state_->clock.Now();
  key.usage = "ENCRYPT_DECRYPT";
  key.spec = "SYMMETRIC_DEFAULT";
  key.managed = true;
  key.next_rotation = key.created + std::chrono::hours(24 * 365);
  key.description = "Default key that protects my " + std::string(*service) + " data when no other key is defined";
  key.policy = ManagedPolicy(caller.account, caller.region, *service);
  ALOFT_ASSIGN(const MaterialRecord material, state_->MakeMaterial(key, 1, "CREATED"));
  return state_->database.Write([&](sql::Transaction& t) -> Result<Key> {
    // Two first uses at once: one of them makes it.
    ALOFT_ASSIGN(const bool first, records::InsertAlias(t, key.account, key.region,
                                                        {std::string(alias), key.id, key.created, key.created}));
    if (!first) return state_->Find(t, caller, alias, true);
    ALOFT_TRY(state_->Insert(t, key, material));
    return key;
  });
}

Result<Key> Service::FindByCiphertext(const Caller& caller, std::string_view blob) const {
  ALOFT_ASSIGN(const CiphertextHead head, ReadHead(blob));
  ALOFT_ASSIGN(auto key,
               state_->database.Read([&](sql::Reader& reader) { return records::FindKey(reader, head.key_id); }));
  if (!key || key->region != caller.region) return Fail(kInvalidCiphertext, "");
  return std::move(*key);
}

Status Service::State::Insert(sql::Transaction& t, const Key& key, const MaterialRecord& material) const {
  ALOFT_TRY(records::InsertKey(t, key));
  return records::InsertMaterial(t, key.id, material);
}

std::string Service::State::Draw(std::size_t bytes) const {
  std::string out(bytes, '\0');
  random.Fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
  return out;
}

namespace {
std::string SealContext(const std::string& key_id, std::uint32_t version) {
  return "kms/key/" + key_id + "/" + std::to_string(version);
}
}  // namespace

Result<MaterialRecord> Service::State::MakeMaterial(const Key& key, std::uint32_t version, std::string kind) const {
  const Spec* spec = FindSpec(key.spec);
  if (spec == nullptr) return Fail(kInternal, "Internal error.", "a key of an unknown spec " + key.spec);
  MaterialRecord record;
  record.version = version;
  record.kind = std::move(kind);
  record.created = clock.Now();
  Secret secret;
  if (spec->pair) {
    ALOFT_ASSIGN(crypto::KeyPair pair, crypto::MakeKeyPair(*spec->pair));
    secret.bytes.swap(pair.private_key);
    record.public_key = std::move(pair.public_key);
  } else {
    secret.bytes = Draw(spec->secret_bytes);
  }
  record.id = HexEncode(AsBytes(crypto::DeriveKey(secret.bytes, key.id, "aloft kms material id", 32)));
  record.sealed = keyring.Seal(secret.bytes, SealContext(key.id, version));
  return record;
}

Result<OpenMaterial> Service::State::Open(const Key& key, std::uint32_t version) const {
  ALOFT_ASSIGN(auto record,
               database.Read([&](sql::Reader& reader) { return records::FindMaterial(reader, key.id, version); }));
  if (!record) {
    if (version != 0) return Fail(kInvalidCiphertext, "");
    return Fail(kCorrupt, "The key's material is missing.", key.id);
  }
  ALOFT_ASSIGN(std::string secret, keyring.Open(record->sealed, SealContext(key.id, record->version)));
  return OpenMaterial{record->version, std::move(record->id), Secret(std::move(secret)), std::move(record->public_key)};
}

Status RequireNotPending(const Key& key) {
  if (key.state != "PendingDeletion") return {};
  return Fail(kInvalidState, key.Arn() + " is pending deletion.");
}

Status RequireEnabled(const Key& key) {
  ALOFT_TRY(RequireNotPending(key));
  if (key.state == "Disabled") return Fail(kDisabled, key.Arn() + " is disabled.");
  return {};
}

Status RequireUse(const Key& key, std::string_view usage, std::string_view operation) {
  if (key.usage != usage)
    return Fail(kInvalidKeyUsage,
                key.Arn() + " key usage is " + key.usage + " which is not valid for " + std::string(operation) + ".");
  return RequireEnabled(key);
}

Status AnswerDryRun(const std::optional<bool>& dry_run) {
  if (!dry_run.value_or(false)) return {};
  return Fail(kDryRun, "The request would have succeeded, but the DryRun option is set.");
}

std::optional<std::string_view> ServiceOfAlias(std::string_view alias) {
  constexpr std::string_view kPrefix = "alias/aws/";
  if (!alias.starts_with(kPrefix)) return std::nullopt;
  const std::string_view service = alias.substr(kPrefix.size());
  if (std::find(std::begin(kServices), std::end(kServices), service) == std::end(kServices)) return std::nullopt;
  return service;
}

std::string EncodeMarker(std::string_view text) {
  return codec::Base64UrlEncode(text);
}

Result<Paging> Paging::Of(const std::optional<std::int32_t>& limit, const std::optional<std::string>& marker,
                          std::int32_t standard) {
  Paging out;
  out.limit = limit.value_or(standard);
  if (marker) {
    auto after = codec::Base64UrlDecode(*marker);
    if (!after || after->empty()) return Fail(kInvalidMarker, "Could not deserialize token");
    out.after = std::move(*after);
  }
  return out;
}

}  // namespace aloft::kms
