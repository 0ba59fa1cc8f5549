// The root key file's key is a data key of another key service: it is drawn there, and opened there at each start.
#include <boost/json/value.hpp>

#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "platform/keys/errors.h"
#include "platform/keys/wrapper.h"

namespace aloft::keys {
namespace {

constexpr std::string_view kContext = R"({"aloft":"root key"})";

class KmsWrapper final : public Wrapper {
 public:
  KmsWrapper(std::string key_id, KmsCall call) : key_id_(std::move(key_id)), call_(std::move(call)) {}

  std::string_view scheme() const override { return "kms"; }

  Result<Made> Make(Random&) override {
    std::string body;
    codec::JsonWriter(body)
        .BeginObject()
        .Key("KeyId")
        .String(key_id_)
        .Key("KeySpec")
        .String("AES_256")
        .Key("EncryptionContext")
        .Raw(kContext)
        .EndObject();
    ALOFT_ASSIGN(const std::string answer, call_("GenerateDataKey", body));
    ALOFT_ASSIGN(std::string key, Bytes(answer, "Plaintext"));
    ALOFT_ASSIGN(const std::string sealed, Bytes(answer, "CiphertextBlob"));
    if (key.size() != 32) return Odd();
    return Made{std::move(key), codec::Base64Encode(sealed)};
  }

  Result<std::string> Open(std::string_view recipe) override {
    std::string body;
    codec::JsonWriter(body)
        .BeginObject()
        .Key("KeyId")
        .String(key_id_)
        .Key("CiphertextBlob")
        .String(recipe)
        .Key("EncryptionContext")
        .Raw(kContext)
        .EndObject();
    ALOFT_ASSIGN(const std::string answer, call_("Decrypt", body));
    ALOFT_ASSIGN(std::string key, Bytes(answer, "Plaintext"));
    if (key.size() != 32) return Odd();
    return key;
  }

 private:
  static Error Odd() { return Fail(kRootKeyLocked, "the key service answered something that is no key"); }

  static Result<std::string> Bytes(std::string_view answer, const char* member) {
    const auto json = codec::ParseJson(answer);
    const auto* object = json.ok() ? json->if_object() : nullptr;
    const auto* value = object != nullptr ? object->if_contains(member) : nullptr;
    if (value == nullptr || !value->is_string()) return Odd();
    auto bytes = codec::Base64Decode(std::string_view(value->as_string().data(), value->as_string().size()));
    if (!bytes) return Odd();
    return std::move(*bytes);
  }

  const std::string key_id_;
  const KmsCall call_;
};

}  // namespace

std::unique_ptr<Wrapper> MakeKmsWrapper(std::string key_id, KmsCall call) {
  return std::make_unique<KmsWrapper>(std::move(key_id), std::move(call));
}

}  // namespace aloft::keys
