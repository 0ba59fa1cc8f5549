// GetObject, HeadObject, GetObjectAttributes.
#include <algorithm>
#include <set>

#include "api/aws/s3/key_use.h"
#include "api/aws/s3/operation.h"
#include "api/aws/s3_wire/headers.h"
#include "api/aws/s3_wire/object_headers.h"
#include "api/aws/s3_wire/range.h"
#include "foundation/codec/time.h"

namespace aloft::api::s3 {
namespace {

constexpr std::size_t kMemoryBody = 64 * 1024;  // up to here a body is read before it is sent
constexpr std::size_t kPiece = 256 * 1024;

// Some files are sent by the kernel one after the other; what lies in none, or is not stored as it is read, is read on
// the pool piece by piece.
class ObjectBody final : public http::BodySource, public std::enable_shared_from_this<ObjectBody> {
 public:
  ObjectBody(os::ThreadPool& pool, std::shared_ptr<objects::ObjectReader> reader, ByteRange range)
      : pool_(pool), reader_(std::move(reader)), range_(range) {}

  void Next(std::function<void(Result<http::BodyPiece>)> done) override {
    auto shared_done = std::make_shared<std::function<void(Result<http::BodyPiece>)>>(std::move(done));
    bool queued = pool_.TryContinue([self = shared_from_this(), shared_done] { (*shared_done)(self->Read()); });
    if (!queued) (*shared_done)(Fail(kUnavailable, "Please reduce your request rate."));
  }

 private:
  Result<http::BodyPiece> Read() {
    ALOFT_ASSIGN(auto extent, reader_->Extent(range_.offset, range_.length));
    if (extent) return http::FileBody{std::move(extent->fd), extent->offset, Take(extent->length)};
    std::string piece(std::min<std::uint64_t>(kPiece, range_.length), '\0');
    if (piece.empty()) return piece;
    ALOFT_ASSIGN(std::size_t count,
                 reader_->Read(range_.offset, {reinterpret_cast<std::uint8_t*>(piece.data()), piece.size()}));
    if (count == 0) return Fail(kCorrupt, "The object's bytes end early");
    piece.resize(Take(count));
    return piece;
  }

  // The next bytes of the range are on their way.
  std::uint64_t Take(std::uint64_t count) {
    range_.offset += count;
    range_.length -= count;
    return count;
  }

  os::ThreadPool& pool_;
  std::shared_ptr<objects::ObjectReader> reader_;
  ByteRange range_;
};

Result<http::Body> MakeBody(const Context& context, std::unique_ptr<objects::ObjectReader> reader, ByteRange range) {
  if (range.length == 0) return http::Body(std::string());
  if (range.length <= kMemoryBody) {
    std::string body(range.length, '\0');
    ALOFT_ASSIGN(std::size_t count,
                 reader->Read(range.offset, {reinterpret_cast<std::uint8_t*>(body.data()), body.size()}));
    if (count != body.size()) return Fail(kCorrupt, "The object's bytes end early");
    return http::Body(std::move(body));
  }
  ALOFT_ASSIGN(auto extent, reader->Extent(range.offset, range.length));
  if (extent && extent->length == range.length)
    return http::Body(http::FileBody{std::move(extent->fd), extent->offset, extent->length});
  auto source = std::make_shared<ObjectBody>(context.dependencies.pool,
                                             std::shared_ptr<objects::ObjectReader>(std::move(reader)), range);
  return http::Body(http::StreamBody{std::move(source), static_cast<std::int64_t>(range.length)});
}

// What part of the object is asked for: all, a range, or a part by its number.
struct Selection {
  ByteRange bytes;
  bool partial = false;
  int parts = 0;  // how many the object has, where a part was asked for
};

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
  ALOFT_ASSIGN(auto range, ParseRange(call.head().headers.Get("range"), info.size));
  if (range) {
    selection.bytes = *range;
    selection.partial = true;
  }
  return selection;
}

// A delete marker has its headers also where it is an error:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
Result<http::Response> Refuse(const Context& context, const Call& call, const Authorized& authorized,
                              const AccountId& owner, const Target& target, const Error& cause) {
  Error error = Missing(context, call, authorized, target.bucket, cause);
  bool latest = error.reason == objects::kDeleteMarker;
  if (!latest && !(error.reason == objects::kDeleteMarkerVersion)) return error;
  auto marker = context.dependencies.objects.FindVersion(owner, target.bucket, target.key, target.Get("versionId"));
  if (!marker.ok() || !marker->is_delete_marker) return error;
  http::Response response = ErrorAnswer(error, call.head(), call.request_id);
  response.headers.Add("x-amz-delete-marker", "true");
  AddVersion(response.headers, *marker);
  if (!latest) {
    response.headers.Add("Allow", "DELETE");
    response.headers.Add("Last-Modified", codec::FormatHttpDate(marker->modified));
  }
  return response;
}

Result<objects::ReadOptions> ReadOptionsOf(const Call& call, const Target& target) {
  objects::ReadOptions options;
  options.version = target.Get("versionId");
  ALOFT_ASSIGN(options.customer_key, ReadCustomerKey(call.head()));
  return options;
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

// Who may have the object is not yet who may have it decrypted.
objects::ObjectCheck MayRead(const Context& context, const Call& call, const Authorized& authorized,
                             const Target& target) {
  return [&](const objects::ObjectInfo& info) {
    return MayDecrypt(context, call, target.bucket, target.key, info.encryption, AskOf(authorized));
  };
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
    if (!opened.ok()) return Refuse(context, c, authorized, owner, target, opened.error());
    auto reader = std::move(opened).value();
    const auto& info = reader->info();
    ALOFT_ASSIGN(auto unchanged, CheckConditions(c, info));
    if (unchanged) return std::move(*unchanged);
    ALOFT_ASSIGN(Selection selection, Select(c, target, info));
    http::Response response = Describe(context, c, target, info, selection);
    ALOFT_ASSIGN(response.body, MakeBody(context, std::move(reader), selection.bytes));
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
    if (!info.ok()) return Refuse(context, c, authorized, owner, target, info.error());
    ALOFT_ASSIGN(auto unchanged, CheckConditions(c, *info));
    if (unchanged) return std::move(*unchanged);
    ALOFT_ASSIGN(Selection selection, Select(c, target, *info));
    http::Response response = Describe(context, c, target, *info, selection);
    response.body = http::StreamBody{nullptr, static_cast<std::int64_t>(selection.bytes.length)};
    return response;
  };
  return plan;
}

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
    if (!info.ok()) return Refuse(context, c, authorized, owner, target, info.error());
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

void AddGetRows(const Context& context, std::vector<Row>& rows) {
  rows.push_back(MakeRow(context, "GetObject", PlanGet));
  rows.push_back(MakeRow(context, "HeadObject", PlanHead));
  rows.push_back(MakeRow(context, "GetObjectAttributes", PlanAttributes));
}

}  // namespace aloft::api::s3
