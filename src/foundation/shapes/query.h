// Generated structs <-> the query protocol of IAM, STS and old clients of CloudWatch: a form comes in, XML goes out.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
//
//   Action=CreateUser&Version=2010-05-08&UserName=ada&Tags.member.1.Key=team&Tags.member.1.Value=ml
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/codec/uri.h"
#include "foundation/shapes/service_model.h"

namespace aloft::shapes {

// Parameters that the model does not know are ignored. kSerialization where a value is not of its type or an index is
// absurd.
Status DecodeQuery(const Shape& shape, const codec::Query& parameters, void* out);

// Appends <OpResponse><OpResult>...</OpResult><ResponseMetadata>...</OpResponse>.
void EncodeQuery(const ServiceModel& service, const OperationModel& operation, const void* value,
                 std::string_view request_id, std::string& out);

}  // namespace aloft::shapes
