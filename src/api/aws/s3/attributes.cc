// GetObjectAttributes.
#include <algorithm>
#include <set>

#include "api/aws/s3/operation.h"
#include "api/aws/s3/reading.h"
#include "api/aws/s3_wire/headers.h"
#include "api/aws/s3_wire/object_headers.h"
#include "foundation/codec/time.h"

namespace aloft::api::s3 {
namespace {

void WriteChecksum(codec::XmlWriter& xml, const objects::Checksum& checksum) {
  if (checksum.algorithm == objects::ChecksumAlgorithm::kNone) return;
  xml.Open("Checksum").Element(ChecksumElement(checksum.algorithm), checksum.value);
  xml.Element("ChecksumType", ChecksumTypeName(checksum.type)).Close();
}

void WriteParts(codec::XmlWriter& xml, const objects::ObjectInfo& info, std::size_t after, std::size_t limit) {
  xml.Open("ObjectParts");
  std::size_t shown = 0;
  int last = 0;
  bool truncated = false;
  for (const auto& part : info.parts) {
    if (part.number <= static_cast<int>(after)) continue;
    if (shown == limit) {
      truncated = true;
      break;
    }
    xml.Open("Part").Element("PartNumber", part.number).Element("Size", part.size);
    if (part.checksum.algorithm != objects::ChecksumAlgorithm::kNone)
      xml.Element(ChecksumElement(part.checksum.algorithm), part.checksum.value);
    xml.Close();
    last = part.number;
    ++shown;
  }
  xml.Element("IsTruncated", truncated).Element("MaxParts", limit).Element("NextPartNumberMarker", last);
  xml.Element("PartNumberMarker", after).Element("PartsCount", info.parts.size()).Close();
}

Result<Plan> PlanAttributes(const Context& context, const Call& call, Target target) {
  std::set<std::string> wanted;
  for (const auto& [name, value] : call.head().headers.fields()) {
    if (!EqualsIgnoreCase(name, "x-amz-object-attributes")) continue;
    for (std::string_view attribute : Split(value, ',')) wanted.emplace(Trim(attribute));
  }
  static const std::set<std::string_view> kKnown = {"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"};
  if (wanted.empty() ||
      !std::all_of(wanted.begin(), wanted.end(), [](const std::string& name) { return kKnown.contains(name); }))
    return Fail(kInvalidArgument, "Invalid attribute name specified.");
  Plan plan;
  plan.permissions = {
      Need(context, call, ForVersion(target, "s3:GetObject", "s3:GetObjectVersion"), target.ObjectArn()),
      Need(context, call, ForVersion(target, "s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"),
           target.ObjectArn())};
  ALOFT_ASSIGN(auto options, ReadOptionsOf(call, target));
  plan.work = [&context, target = std::move(target), wanted = std::move(wanted), options = std::move(options)](
                  const Call& c, const Authorized& authorized) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    objects::ReadOptions allowed = options;
    if (wanted.contains("Checksum")) allowed.allow = MayRead(context, c, authorized, target);
    auto info = context.dependencies.objects.HeadObject(owner, target.bucket, target.key, allowed);
    if (!info.ok()) return RefuseRead(context, c, authorized, owner, target, info.error());
    std::string after_text(c.head().headers.Get("x-amz-part-number-marker"));
    std::string limit_text(c.head().headers.Get("x-amz-max-parts"));
    Target paging;
    paging.query = {{"after", after_text}, {"limit", limit_text}};
    ALOFT_ASSIGN(std::size_t after, NumberParameter(paging, "after", 0, 100'000));
    ALOFT_ASSIGN(std::size_t limit, NumberParameter(paging, "limit", 1000, 1000));
    std::string body;
    codec::XmlWriter xml(body);
    xml.Open("GetObjectAttributesResponse", kNamespace);
    if (wanted.contains("ETag")) xml.Element("ETag", info->etag);
    if (wanted.contains("Checksum")) WriteChecksum(xml, info->checksum);
    if (wanted.contains("ObjectParts") && !info->parts.empty()) WriteParts(xml, *info, after, limit);
    if (wanted.contains("StorageClass"))
      xml.Element("StorageClass",
                  info->attributes.storage_class.empty() ? "STANDARD" : info->attributes.storage_class.c_str());
    if (wanted.contains("ObjectSize")) xml.Element("ObjectSize", info->size);
    xml.Close();
    http::Response response = XmlAnswer(c, std::move(body));
    response.headers.Add("Last-Modified", codec::FormatHttpDate(info->modified));
    AddVersion(response.headers, *info);
    return response;
  };
  return plan;
}

}  // namespace

void AddAttributesRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "GetObjectAttributes", PlanAttributes));
}

}  // namespace aloft::api::s3
