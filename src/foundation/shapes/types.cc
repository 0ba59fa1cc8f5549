#include "foundation/shapes/types.h"

#include <boost/json.hpp>

namespace aloft::shapes {

void Unknown::Set(boost::json::object members) {
  members_ = members.empty() ? nullptr : std::make_shared<const boost::json::object>(std::move(members));
}

void Document::Set(boost::json::value value) {
  value_ = std::make_shared<const boost::json::value>(std::move(value));
}

}  // namespace aloft::shapes
