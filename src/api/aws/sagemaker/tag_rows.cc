#include "api/aws/sagemaker/tag_rows.h"

#include "api/aws/sagemaker/permissions.h"
#include "api/aws_common/row.h"
#include "generated/shapes/sagemaker/search_tags.h"
#include "generated/shapes/sagemaker/service_model.h"
#include "services/resources/tags.h"

namespace aloft::api {
namespace {

using namespace shapes::sagemaker;  // NOLINT: the vocabulary of this file
using namespace sagemaker;          // NOLINT

// A resource of the caller's account and region that exists; nothing else is tagged.
Status CheckTarget(const TagTargets& targets, const Call& call, const std::string& text) {
  std::optional<resources::Arn> arn = resources::ParseArn(text);
  if (!arn || arn->service != "sagemaker" || arn->account != call.session.account.value() ||
      arn->region != call.region.value())
    return Fail(kInvalidArgument,
                "Invalid ResourceArn: " + text + " is no SageMaker resource of this account and region.");
  auto target = targets.find(arn->kind);
  if (target == targets.end())
    return Fail(kUnimplemented, "Tags of the resource type " + arn->kind + " are not built in this Aloft.");
  return target->second(call.session.account, call.region, arn->name);
}

Result<AddTagsOutput> Add(sql::Database& database, const AddTagsInput& in) {
  ALOFT_ASSIGN(resources::Tags tags, resources::TagsOf(*in.tags));
  ALOFT_TRY(resources::CheckTags(tags));
  return database.Write([&](sql::Transaction& t) -> Result<AddTagsOutput> {
    ALOFT_TRY(resources::PutTags(t, *in.resource_arn, tags));
    ALOFT_ASSIGN(resources::Tags all, resources::ListTags(t, *in.resource_arn));
    AddTagsOutput out;
    out.tags = resources::TagListOf<Tag>(all);
    return out;
  });
}

Result<ListTagsOutput> List(sql::Database& database, const ListTagsInput& in) {
  ALOFT_ASSIGN(resources::Tags tags,
               database.Read([&](sql::Reader& reader) { return resources::ListTags(reader, *in.resource_arn); }));
  ListTagsOutput out;  // at most 50, so one page, and no token
  out.tags = resources::TagListOf<Tag>(tags);
  return out;
}

}  // namespace

ServiceApi MakeTagsApi(sql::Database& database, TagTargets targets) {
  auto shared = std::make_shared<const TagTargets>(std::move(targets));
  ServiceApi api{&kModel, {}, {}};
  api.rows.push_back(MakeRow<AddTagsInput, AddTagsOutput>(
      kModel, "AddTags",
      [](const Call&, const AddTagsInput& in) -> std::vector<Permission> {
        return {{"sagemaker:AddTags", in.resource_arn.value_or("*"), TagContext(in.tags)}};
      },
      [&database, shared](const Call& call, const Authorized&, const AddTagsInput& in) -> Result<AddTagsOutput> {
        ALOFT_TRY(CheckTarget(*shared, call, *in.resource_arn));
        return Add(database, in);
      }));
  api.rows.push_back(MakeRow<DeleteTagsInput, DeleteTagsOutput>(
      kModel, "DeleteTags",
      [](const Call&, const DeleteTagsInput& in) -> std::vector<Permission> {
        identity::Context context{{"aws:tagkeys", in.tag_keys.value_or(std::vector<std::string>{})}};
        return {{"sagemaker:DeleteTags", in.resource_arn.value_or("*"), std::move(context)}};
      },
      [&database, shared](const Call& call, const Authorized&, const DeleteTagsInput& in) -> Status {
        ALOFT_TRY(CheckTarget(*shared, call, *in.resource_arn));
        return database.Write(
            [&](sql::Transaction& t) { return resources::RemoveTags(t, *in.resource_arn, *in.tag_keys); });
      }));
  api.rows.push_back(MakeRow<ListTagsInput, ListTagsOutput>(
      kModel, "ListTags",
      [](const Call&, const ListTagsInput& in) -> std::vector<Permission> {
        return {{"sagemaker:ListTags", in.resource_arn.value_or("*"), {}}};
      },
      [&database, shared](const Call& call, const Authorized&, const ListTagsInput& in) -> Result<ListTagsOutput> {
        ALOFT_TRY(CheckTarget(*shared, call, *in.resource_arn));
        return List(database, in);
      }));
  api.errors = {{resources::kBadTag, "ValidationException", 400},
                {resources::kTooManyTags, "ResourceLimitExceeded", 400}};
  return api;
}

}  // namespace aloft::api
