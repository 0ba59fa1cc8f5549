// GetObject, HeadObject.
#include <algorithm>

#include "api/aws/s3/object_body.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3/reading.h"
#include "api/aws/s3_wire/headers.h"
#include "api/aws/s3_wire/object_headers.h"
#include "api/aws/s3_wire/range.h"
#include "foundation/codec/time.h"

namespace aloft::api::s3 {
namespace {

// What part of the object is asked for: all, a range, or a part by its number.
struct Selection {
  ByteRange bytes;
  bool partial = false;
  int parts = 0;  // how many the object has, where a part was asked for
};

// What changed since the peer got its first bytes is sent whole: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5
bool RangeCounts(const http::Headers& headers, const objects::ObjectInfo& info) {
  std::string_view condition = Trim(headers.Get("if-range"));
  if (condition.empty()) return true;
  if (auto date = codec::ParseHttpDate(condition))
    return std::chrono::floor<std::chrono::seconds>(info.modified) == *date;
  return condition == Quoted(info.etag);
}

Result<Selection> Select(const Call& call, const Target& target, const objects::ObjectInfo& info) {
  Selection selection{{0, info.size}};
  if (const std::string* number = target.Find("partNumber")) {
    if (call.head().headers.Has("range"))
      return Fail(kInvalidRequest, "Cannot specify both Range header and partNumber query parameter");
    ALOFT_ASSIGN(std::size_t wanted, NumberParameter(target, "partNumber", 0, 100'000));
    if (wanted < 1 || wanted > 10'000)
      return Fail(kInvalidArgument, "Part number must be an integer between 1 and 10000, inclusive");
    selection.parts = static_cast<int>(std::max<std::size_t>(info.parts.size(), 1));
    selection.partial = true;
    if (info.parts.empty() && wanted == 1) return selection;
    if (wanted > info.parts.size())
      return Fail(kInvalidPartRange, "The requested partnumber is not satisfiable (" + *number + ")");
    for (std::size_t i = 0; i + 1 < wanted; ++i) selection.bytes.offset += info.parts[i].size;
    selection.bytes.length = info.parts[wanted - 1].size;
    return selection;
  }
  if (!RangeCounts(call.head().headers, info)) return selection;
  ALOFT_ASSIGN(auto range, ParseRange(call.head().headers.Get("range"), info.size));
  if (range) {
    selection.bytes = *range;
    selection.partial = true;
  }
  return selection;
}

// The answer to a conditional read that is not to be sent; absent where it is.
Result<std::optional<http::Response>> CheckConditions(const Call& call, const objects::ObjectInfo& info) {
  switch (CheckReadConditions(call.head().headers, info)) {
    case ReadVerdict::kGo: break;
    case ReadVerdict::kFailed:
      return Fail(kPreconditionFailed, "At least one of the pre-conditions you specified did not hold");
    case ReadVerdict::kNotModified: {
      http::Response response = Answer(call, 304);
      response.headers.Add("ETag", Quoted(info.etag));
      response.headers.Add("Last-Modified", codec::FormatHttpDate(info.modified));
      return std::optional(std::move(response));
    }
  }
  return std::optional<http::Response>();
}

bool AsksForChecksum(const Call& call) {
  return EqualsIgnoreCase(call.head().headers.Get("x-amz-checksum-mode"), "enabled");
}

http::Response Describe(const Context& context, const Call& call, const Target& target, const objects::ObjectInfo& info,
                        const Selection& selection) {
  http::Response response = Answer(call, selection.partial ? 206 : 200);
  AddObjectHeaders(response.headers, info, target);
  AddVersion(response.headers, info);
  AddEncryption(response.headers, info.encryption, call.head().headers);
  AddLock(response.headers, info.lock);
  AddRestore(response.headers, info.restore);
  AddExpiration(response.headers, context, target.bucket, info);
  if (selection.partial && selection.bytes.length > 0) {
    response.headers.Add("Content-Range", "bytes " + std::to_string(selection.bytes.offset) + "-" +
                                              std::to_string(selection.bytes.offset + selection.bytes.length - 1) +
                                              "/" + std::to_string(info.size));
  }
  if (selection.parts > 1) response.headers.Add("x-amz-mp-parts-count", std::to_string(selection.parts));
  // A checksum of the whole object says nothing about a piece of it, and clients would check the piece against it.
  bool whole = selection.bytes.length == info.size;
  if (whole && AsksForChecksum(call)) AddChecksum(response.headers, info.checksum);
  return response;
}

Result<Plan> PlanGet(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(RefuseUnsupported(call.head().headers));
  ALOFT_TRY(CheckOverrides(target));
  Plan plan;
  plan.permissions = {
      Need(context, call, ForVersion(target, "s3:GetObject", "s3:GetObjectVersion"), target.ObjectArn())};
  ALOFT_ASSIGN(auto options, ReadOptionsOf(call, target));
  plan.work = [&context, target = std::move(target), options = std::move(options)](
                  const Call& c, const Authorized& authorized) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    objects::ReadOptions allowed = options;
    allowed.allow = MayRead(context, c, authorized, target);
    auto opened = context.dependencies.objects.GetObject(owner, target.bucket, target.key, allowed);
    if (!opened.ok()) return RefuseRead(context, c, authorized, owner, target, opened.error());
    auto reader = std::move(opened).value();
    const auto& info = reader->info();
    ALOFT_ASSIGN(auto unchanged, CheckConditions(c, info));
    if (unchanged) return std::move(*unchanged);
    ALOFT_ASSIGN(Selection selection, Select(c, target, info));
    http::Response response = Describe(context, c, target, info, selection);
    ALOFT_ASSIGN(response.body, MakeBody(context.dependencies.pool, std::move(reader), selection.bytes));
    return response;
  };
  return plan;
}

Result<Plan> PlanHead(const Context& context, const Call& call, Target target) {
  ALOFT_TRY(RefuseUnsupported(call.head().headers));
  ALOFT_TRY(CheckOverrides(target));
  Plan plan;
  plan.permissions = {
      Need(context, call, ForVersion(target, "s3:GetObject", "s3:GetObjectVersion"), target.ObjectArn())};
  ALOFT_ASSIGN(auto options, ReadOptionsOf(call, target));
  plan.work = [&context, target = std::move(target), options = std::move(options)](
                  const Call& c, const Authorized& authorized) -> Result<http::Response> {
    ALOFT_ASSIGN(AccountId owner, OwnerOf(context, c, target.bucket));
    objects::ReadOptions allowed = options;
    // Who does not ask for a checksum learns nothing of the bytes.
    if (AsksForChecksum(c)) allowed.allow = MayRead(context, c, authorized, target);
    auto info = context.dependencies.objects.HeadObject(owner, target.bucket, target.key, allowed);
    if (!info.ok()) return RefuseRead(context, c, authorized, owner, target, info.error());
    ALOFT_ASSIGN(auto unchanged, CheckConditions(c, *info));
    if (unchanged) return std::move(*unchanged);
    ALOFT_ASSIGN(Selection selection, Select(c, target, *info));
    http::Response response = Describe(context, c, target, *info, selection);
    response.body = http::StreamBody{nullptr, static_cast<std::int64_t>(selection.bytes.length)};
    return response;
  };
  return plan;
}

}  // namespace

void AddGetRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "GetObject", PlanGet));
  rows.push_back(MakeRow(context, "HeadObject", PlanHead));
}

}  // namespace aloft::api::s3
