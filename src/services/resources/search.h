// SageMaker's search language over JSON documents: filters on properties, nested filters on lists of structures,
// sub-expressions joined by And or Or.
// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SearchExpression.html
#pragma once

#include <boost/json/fwd.hpp>

#include "foundation/base/result.h"
#include "generated/shapes/sagemaker/search_tags.h"

namespace aloft::resources {

// kBadSearch where an operator is unknown or lacks its value.
Status CheckSearch(const shapes::sagemaker::SearchExpression& expression);

// Whether the document satisfies a checked expression. A property is a path of members with dots between
// ("ResourceConfig.InstanceType", "Tags.team"); in a list it is every element's. Numbers are compared as numbers, times
// (seconds since 1970 in the document) with ISO-8601 text too, everything else as text.
bool Matches(const boost::json::object& document, const shapes::sagemaker::SearchExpression& expression);

// Text by which documents can be ordered by that property; documents without it come first.
std::string SortKey(const boost::json::object& document, std::string_view property);

}  // namespace aloft::resources
