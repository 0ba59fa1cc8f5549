#include "api/aws/cloudtrail/rows.h"
#include "generated/shapes/cloudtrail/service_model.h"

namespace aloft::api {

ServiceApi MakeCloudTrailApi(audit::Service& audit, trails::Service& trails) {
  ServiceApi api;
  api.model = &shapes::cloudtrail::kModel;
  cloudtrail::AddLookupRows(audit, api.rows);
  cloudtrail::AddTrailRows(trails, api.rows);
  api.errors = {{audit::kBadLookup, "InvalidLookupAttributesException"},
                {audit::kBadToken, "InvalidNextTokenException"},
                {cloudtrail::kInvalidTimeRange, "InvalidTimeRangeException"},
                {trails::kTrailNotFound, "TrailNotFoundException"},
                {trails::kTrailExists, "TrailAlreadyExistsException"},
                {trails::kTooManyTrails, "MaximumNumberOfTrailsExceededException"},
                {trails::kInvalidTrailName, "InvalidTrailNameException"},
                {trails::kInvalidPrefix, "InvalidS3PrefixException"},
                {trails::kNoBucket, "S3BucketDoesNotExistException"},
                {trails::kInvalidSelectors, "InvalidEventSelectorsException"},
                {trails::kInvalidCombination, "InvalidParameterCombinationException"},
                {audit::kAuditFull, "ThrottlingException"}};
  return api;
}

}  // namespace aloft::api
