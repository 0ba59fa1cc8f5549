#include "api/aws_common/audit_json.h"

#include <algorithm>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "foundation/shapes/types.h"

namespace aloft::api {
namespace {

using codec::JsonWriter;
using shapes::Kind;
using shapes::Shape;

constexpr std::size_t kMaxBytes = 15'000;
constexpr std::size_t kMaxText = 2048;
constexpr std::size_t kMaxElements = 100;
constexpr int kMaxDepth = 12;

constexpr std::string_view kSecretWords[] = {
    "password",  "passphrase",         "secret", "token",  "credential", "privatekey", "plaintext",
    "assertion", "authenticationcode", "totp",   "apikey", "seed",       "qrcode",     "keymaterial"};
// What is the body of its operation, though the protocol carries it as a member.
constexpr std::string_view kBodies[] = {"logEvents"};
// They only look like it.
constexpr std::string_view kHarmless[] = {
    "nexttoken", "paginationtoken",  "clientrequesttoken", "continuationtoken",
    "secretarn", "passwordlastused", "passwordpolicy",     "passwordresetrequired"};

std::string LowerFirst(std::string_view name) {
  std::string out(name);
  if (!out.empty() && out[0] >= 'A' && out[0] <= 'Z') out[0] = static_cast<char>(out[0] - 'A' + 'a');
  return out;
}

class Writer {
 public:
  std::string Run(const Shape& shape, const void* value) {
    Structure(shape, value, 0);
    return std::move(out_);
  }

 private:
  bool Full() const { return out_.size() > kMaxBytes; }

  void Structure(const Shape& shape, const void* value, int depth) {
    json_.BeginObject();
    for (const shapes::Member& member : shape.members) {
      const void* held = member.Get(value);
      if (held == nullptr || member.shape->kind == Kind::kBlob) continue;
      if (std::ranges::find(kBodies, member.name) != std::end(kBodies)) continue;
      if (Full()) {
        json_.Key("truncated").Bool(true);
        break;
      }
      json_.Key(LowerFirst(member.name));
      bool hide = member.shape->sensitive || (IsText(*member.shape) && MayBeSecret(member.name));
      // The variables of a job's processes are where people put their keys.
      bool hide_values = EqualsIgnoreCase(member.name, "Environment");
      Value(*member.shape, held, depth + 1, hide, hide_values);
    }
    json_.EndObject();
  }

  static bool IsText(const Shape& shape) { return shape.kind == Kind::kString || shape.kind == Kind::kList; }

  void Value(const Shape& shape, const void* value, int depth, bool hide, bool hide_values) {
    if (hide || shape.sensitive || depth > kMaxDepth) {
      json_.String(kHidden);
      return;
    }
    switch (shape.kind) {
      case Kind::kBoolean: json_.Bool(*static_cast<const bool*>(value)); return;
      case Kind::kInteger: json_.Int(*static_cast<const std::int32_t*>(value)); return;
      case Kind::kLong: json_.Int(*static_cast<const std::int64_t*>(value)); return;
      case Kind::kFloat: json_.Double(*static_cast<const float*>(value)); return;
      case Kind::kDouble: json_.Double(*static_cast<const double*>(value)); return;
      case Kind::kString: Text(*static_cast<const std::string*>(value)); return;
      case Kind::kTimestamp: json_.String(codec::FormatIso8601(*static_cast<const Time*>(value))); return;
      case Kind::kStructure: Structure(shape, value, depth); return;
      case Kind::kList: List(shape, value, depth); return;
      case Kind::kMap: Map(shape, value, depth, hide_values); return;
      // Nobody can say what is in them.
      case Kind::kBlob:
      case Kind::kDocument: json_.String(kHidden); return;
    }
  }

  void Text(const std::string& text) {
    json_.String(text.size() <= kMaxText ? text : text.substr(0, kMaxText) + "[...]");
  }

  void List(const Shape& shape, const void* value, int depth) {
    json_.BeginArray();
    std::size_t size = shape.list->size(value);
    for (std::size_t i = 0; i < std::min(size, kMaxElements) && !Full(); ++i)
      Value(*shape.element, shape.list->at(value, i), depth + 1, false, false);
    json_.EndArray();
  }

  void Map(const Shape& shape, const void* value, int depth, bool hide_values) {
    struct Visit {
      Writer* self;
      const Shape* shape;
      int depth;
      bool hide_values;
      std::size_t seen = 0;
    } visit{this, &shape, depth, hide_values};
    json_.BeginObject();
    shape.map->visit(value, &visit, [](void* context, const std::string& key, const void* element) {
      auto& at = *static_cast<Visit*>(context);
      if (at.self->Full() || ++at.seen > kMaxElements) return;
      at.self->json_.Key(key);
      at.self->Value(*at.shape->element, element, at.depth + 1, at.hide_values || MayBeSecret(key), false);
    });
    json_.EndObject();
  }

  std::string out_;
  JsonWriter json_{out_};
};

}  // namespace

bool MayBeSecret(std::string_view name) {
  std::string plain;
  for (char c : ToLower(name))
    if (c != '_' && c != '-' && c != '.') plain.push_back(c);
  if (std::ranges::any_of(kHarmless, [&](std::string_view word) { return plain == word; })) return false;
  return std::ranges::any_of(kSecretWords,
                             [&](std::string_view word) { return plain.find(word) != std::string::npos; });
}

std::string AuditJson(const Shape& shape, const void* value) {
  return Writer().Run(shape, value);
}

}  // namespace aloft::api
