// Whether two bodies mean the same: order of members and spelling of numbers do not count.
#pragma once

#include <boost/json/fwd.hpp>

#include "foundation/codec/cbor.h"
#include "foundation/codec/xml.h"

namespace aloft::shapes {

bool Same(const boost::json::value& a, const boost::json::value& b);
bool Same(const codec::CborValue& a, const codec::CborValue& b);
// Attributes and the ResponseMetadata element do not count.
bool Same(const codec::XmlElement& a, const codec::XmlElement& b);

}  // namespace aloft::shapes
