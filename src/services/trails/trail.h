// A trail: what it is called, where its files go, which events it wants. Pure, and its stored form
// (docs/formats/audit.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "platform/audit/selectors.h"
#include "services/trails/errors.h"

namespace aloft::trails {

// PutEventSelectors' first form.
struct BasicSelector {
  std::string read_write = "All";  // or ReadOnly, WriteOnly
  bool management = true;
  struct Resource {
    std::string type;                 // "AWS::S3::Object"
    std::vector<std::string> values;  // ARNs that a resource's begins with
  };
  std::vector<Resource> resources{};
  std::vector<std::string> excluded_sources{};  // of management events: "kms.amazonaws.com"
};

// Its second form: every field must hold, any of a field's values.
struct AdvancedSelector {
  std::string name;
  struct Field {
    std::string field;  // eventCategory, readOnly, resources.type, resources.ARN
    std::vector<std::string> equals{}, starts_with{};
  };
  std::vector<Field> fields;
};

struct Trail {
  AccountId account;
  Region region;  // home
  std::string name;
  std::string bucket, prefix;
  bool global_events = true;
  bool multi_region = false;
  bool logging = false;
  std::optional<Time> started, stopped;
  std::vector<BasicSelector> basic{};  // both empty: management events, reads and changes
  std::vector<AdvancedSelector> advanced{};

  // Delivery's own.
  std::map<std::string, std::uint64_t> cursors{};  // chain -> last delivered block
  std::optional<Time> delivered, attempted;
  std::string delivery_error{};

  std::string Arn() const;
  std::string Encode() const;
  static Result<Trail> Decode(std::string_view stored);
};

// Errors: kInvalidTrailName, kInvalidPrefix, kInvalidSelectors; AWS's rules.
Status CheckName(std::string_view name);
Status CheckPrefix(std::string_view prefix);
Status CheckSelectors(const std::vector<BasicSelector>& basic, const std::vector<AdvancedSelector>& advanced);

// What the selectors ask of data events.
std::vector<audit::DataSelector> DataSelectorsOf(const Trail& trail);

// What delivery must know of a record.
struct EventFacts {
  bool data = false;
  bool read_only = false;
  std::string source;  // "iam.amazonaws.com"
  std::string region;
  std::string data_type;  // of a data event's first resource
  std::vector<std::string> arns;
};
bool Wants(const Trail& trail, const std::vector<audit::DataSelector>& data, const EventFacts& event);

}  // namespace aloft::trails
