#include "services/trails/trail.h"

#include <algorithm>
#include <boost/json.hpp>

#include "foundation/codec/json.h"

namespace aloft::trails {
namespace {

namespace json = boost::json;
using codec::JsonWriter;

constexpr int kVersion = 1;
constexpr std::string_view kDataTypes[] = {"AWS::S3::Object", "AWS::SageMaker::Endpoint", "AWS::Logs::LogGroup",
                                           "AWS::CloudWatch::Metric", "AWS::SageMaker::ExperimentTrialComponent"};

void WriteTexts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
  out.Key(name).BeginArray();
  for (const std::string& text : texts) out.String(text);
  out.EndArray();
}

std::vector<std::string> ReadTexts(const json::object& object, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& each : object.at(name).as_array()) out.emplace_back(each.as_string());
  return out;
}

void WriteTime(JsonWriter& out, std::string_view name, const std::optional<Time>& time) {
  if (time) out.Key(name).Int(ToMicros(*time));
}

std::optional<Time> ReadTime(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr) return std::nullopt;
  return FromMicros(member->to_number<std::int64_t>());
}

void WriteSelectors(JsonWriter& out, const Trail& trail) {
  out.Key("basic").BeginArray();
  for (const BasicSelector& each : trail.basic) {
    out.BeginObject().Key("readWrite").String(each.read_write).Key("management").Bool(each.management);
    out.Key("resources").BeginArray();
    for (const auto& resource : each.resources) {
      out.BeginObject().Key("type").String(resource.type);
      WriteTexts(out, "values", resource.values);
      out.EndObject();
    }
    out.EndArray();
    WriteTexts(out, "excluded", each.excluded_sources);
    out.EndObject();
  }
  out.EndArray().Key("advanced").BeginArray();
  for (const AdvancedSelector& each : trail.advanced) {
    out.BeginObject().Key("name").String(each.name).Key("fields").BeginArray();
    for (const auto& field : each.fields) {
      out.BeginObject().Key("field").String(field.field);
      WriteTexts(out, "equals", field.equals);
      WriteTexts(out, "startsWith", field.starts_with);
      out.EndObject();
    }
    out.EndArray().EndObject();
  }
  out.EndArray();
}

void ReadSelectors(const json::object& object, Trail& trail) {
  for (const auto& value : object.at("basic").as_array()) {
    const auto& each = value.as_object();
    BasicSelector selector{std::string(each.at("readWrite").as_string()),
                           each.at("management").as_bool(),
                           {},
                           ReadTexts(each, "excluded")};
    for (const auto& resource : each.at("resources").as_array())
      selector.resources.push_back(
          {std::string(resource.as_object().at("type").as_string()), ReadTexts(resource.as_object(), "values")});
    trail.basic.push_back(std::move(selector));
  }
  for (const auto& value : object.at("advanced").as_array()) {
    const auto& each = value.as_object();
    AdvancedSelector selector{std::string(each.at("name").as_string()), {}};
    for (const auto& field : each.at("fields").as_array())
      selector.fields.push_back({std::string(field.as_object().at("field").as_string()),
                                 ReadTexts(field.as_object(), "equals"), ReadTexts(field.as_object(), "startsWith")});
    trail.advanced.push_back(std::move(selector));
  }
}

Error BadSelectors(std::string why) {
  return Fail(kInvalidSelectors, "The EventSelector value is not valid: " + std::move(why));
}

const AdvancedSelector::Field* Find(const AdvancedSelector& selector, std::string_view name) {
  auto found = std::ranges::find(selector.fields, name, &AdvancedSelector::Field::field);
  return found == selector.fields.end() ? nullptr : &*found;
}

// eventCategory is Data or Management, and says it alone.
bool IsData(const AdvancedSelector& selector) {
  const auto* category = Find(selector, "eventCategory");
  return category != nullptr && !category->equals.empty() && category->equals[0] == "Data";
}

// Whether a readOnly field lets `read` through; an absent field lets everything through.
bool LetsThrough(const AdvancedSelector& selector, bool read) {
  const auto* field = Find(selector, "readOnly");
  if (field == nullptr) return true;
  return std::ranges::find(field->equals, read ? "true" : "false") != field->equals.end();
}

}  // namespace

std::string Trail::Arn() const {
  return "arn:aws:cloudtrail:" + region.value() + ":" + account.value() + ":trail/" + name;
}

std::string Trail::Encode() const {
  std::string text;
  JsonWriter out(text);
  out.BeginObject().Key("version").Int(kVersion).Key("account").String(account.value());
  out.Key("region").String(region.value()).Key("name").String(name).Key("bucket").String(bucket);
  out.Key("prefix").String(prefix).Key("globalEvents").Bool(global_events).Key("multiRegion").Bool(multi_region);
  out.Key("logging").Bool(logging).Key("deliveryError").String(delivery_error);
  WriteTime(out, "started", started);
  WriteTime(out, "stopped", stopped);
  WriteTime(out, "delivered", delivered);
  WriteTime(out, "attempted", attempted);
  WriteSelectors(out, *this);
  out.Key("cursors").BeginObject();
  for (const auto& [chain, sequence] : cursors) out.Key(chain).Unsigned(sequence);
  out.EndObject().EndObject();
  return text;
}

Result<Trail> Trail::Decode(std::string_view stored) {
  ALOFT_ASSIGN(json::value value, codec::ParseJson(stored));
  try {
    const auto& object = value.as_object();
    if (object.at("version").to_number<int>() != kVersion) return Fail(kCorrupt, "A trail of another version.");
    auto text = [&](std::string_view name) { return std::string(object.at(name).as_string()); };
    Trail out;
    out.account = AccountId(text("account"));
    out.region = Region(text("region"));
    out.name = text("name");
    out.bucket = text("bucket");
    out.prefix = text("prefix");
    out.global_events = object.at("globalEvents").as_bool();
    out.multi_region = object.at("multiRegion").as_bool();
    out.logging = object.at("logging").as_bool();
    out.delivery_error = text("deliveryError");
    out.started = ReadTime(object, "started");
    out.stopped = ReadTime(object, "stopped");
    out.delivered = ReadTime(object, "delivered");
    out.attempted = ReadTime(object, "attempted");
    ReadSelectors(object, out);
    for (const auto& [chain, sequence] : object.at("cursors").as_object())
      out.cursors[std::string(chain)] = sequence.to_number<std::uint64_t>();
    return out;
  } catch (const std::exception& failure) {
    return Fail(kCorrupt, "A stored trail cannot be read.", failure.what());
  }
}

// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html
Status CheckName(std::string_view name) {
  auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  auto fail = [](const char* why) { return Fail(kInvalidTrailName, std::string("Trail name ") + why); };
  if (name.size() < 3 || name.size() > 128) return fail("must have between 3 and 128 characters.");
  if (!plain(name.front()) || !plain(name.back())) return fail("must start and end with a letter or number.");
  for (std::size_t i = 0; i < name.size(); ++i) {
    bool mark = name[i] == '.' || name[i] == '_' || name[i] == '-';
    if (!plain(name[i]) && !mark) return fail("may have only letters, numbers, periods, underscores and dashes.");
    if (mark && i > 0 && !plain(name[i - 1])) return fail("may not have adjacent periods, underscores or dashes.");
  }
  return {};
}

Status CheckPrefix(std::string_view prefix) {
  if (prefix.size() > 200 || prefix.starts_with('/') || prefix.ends_with('/'))
    return Fail(kInvalidPrefix, "S3 prefix is longer than maximum length or not in the right format.");
  return {};
}

Status CheckSelectors(const std::vector<BasicSelector>& basic, const std::vector<AdvancedSelector>& advanced) {
  if (basic.empty() == advanced.empty()) return BadSelectors("give event selectors or advanced event selectors");
  if (basic.size() > 5 || advanced.size() > 500) return BadSelectors("too many selectors");
  for (const BasicSelector& each : basic) {
    if (each.read_write != "All" && each.read_write != "ReadOnly" && each.read_write != "WriteOnly")
      return BadSelectors("ReadWriteType must be All, ReadOnly or WriteOnly");
    for (const auto& resource : each.resources) {
      if (std::ranges::find(kDataTypes, resource.type) == std::end(kDataTypes))
        return BadSelectors("data events of " + resource.type + " do not exist in this Aloft");
      if (resource.values.size() > 250) return BadSelectors("more than 250 values");
      for (const std::string& value : resource.values)
        if (!value.starts_with("arn:aws")) return BadSelectors("'" + value + "' is no ARN");
    }
  }
  for (const AdvancedSelector& each : advanced) {
    const auto* category = Find(each, "eventCategory");
    if (category == nullptr || category->equals.size() != 1 ||
        (category->equals[0] != "Data" && category->equals[0] != "Management"))
      return BadSelectors("eventCategory must equal Data or Management");
    for (const auto& field : each.fields) {
      bool known = field.field == "eventCategory" || field.field == "readOnly" || field.field == "resources.type" ||
                   field.field == "resources.ARN";
      if (!known) return BadSelectors("the field " + field.field + " is not built in this Aloft");
      if (!field.starts_with.empty() && field.field != "resources.ARN")
        return BadSelectors("only resources.ARN may start with something");
      if (field.equals.empty() == field.starts_with.empty()) return BadSelectors("a field needs one kind of values");
    }
    const auto* type = Find(each, "resources.type");
    bool known = type != nullptr && type->equals.size() == 1 &&
                 std::ranges::find(kDataTypes, type->equals[0]) != std::end(kDataTypes);
    if (IsData(each) && !known) return BadSelectors("data events need one resources.type that this Aloft has");
  }
  return {};
}

std::vector<audit::DataSelector> DataSelectorsOf(const Trail& trail) {
  std::vector<audit::DataSelector> out;
  for (const BasicSelector& each : trail.basic)
    for (const auto& resource : each.resources) {
      std::vector<std::string> prefixes = resource.values;
      // "arn:aws:s3" and "arn:aws:lambda" are everything of the type; the prefix says so by itself.
      out.push_back(
          {resource.type, std::move(prefixes), {}, each.read_write != "WriteOnly", each.read_write != "ReadOnly"});
    }
  for (const AdvancedSelector& each : trail.advanced) {
    if (!IsData(each)) continue;
    audit::DataSelector selector{
        Find(each, "resources.type")->equals[0], {}, {}, LetsThrough(each, true), LetsThrough(each, false)};
    if (const auto* arn = Find(each, "resources.ARN")) {
      selector.prefixes = arn->starts_with;
      selector.exact = arn->equals;
    }
    out.push_back(std::move(selector));
  }
  return out;
}

bool Wants(const Trail& trail, const std::vector<audit::DataSelector>& data, const EventFacts& event) {
  bool global = event.source == "iam.amazonaws.com" || event.source == "sts.amazonaws.com";
  if (!trail.multi_region && event.region != trail.region.value() && !(global && trail.global_events)) return false;
  if (event.data) {
    audit::Class kind{audit::Category::kData, event.read_only, event.data_type};
    return std::ranges::any_of(event.arns, [&](const std::string& arn) { return audit::Wants(data, kind, arn); });
  }
  if (trail.basic.empty() && trail.advanced.empty()) return true;
  for (const BasicSelector& each : trail.basic) {
    bool kind = each.read_write == "All" || (each.read_write == "ReadOnly") == event.read_only;
    bool excluded = std::ranges::find(each.excluded_sources, event.source) != each.excluded_sources.end();
    if (each.management && kind && !excluded) return true;
  }
  for (const AdvancedSelector& each : trail.advanced)
    if (!IsData(each) && LetsThrough(each, event.read_only)) return true;
  return false;
}

}  // namespace aloft::trails
