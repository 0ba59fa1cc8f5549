// PostgreSQL's binary forms of values. Private to the room; pure functions.
#pragma once

#include <string_view>

#include "foundation/sql/database.h"

namespace aloft::sql {

// OIDs of the types that our statements use (src/include/catalog/pg_type.dat).
inline constexpr unsigned kBoolOid = 16, kByteaOid = 17, kInt8Oid = 20, kInt2Oid = 21, kInt4Oid = 23, kTextOid = 25,
                          kOidOid = 26, kFloat4Oid = 700, kFloat8Oid = 701, kTextArrayOid = 1009, kByteaArrayOid = 1001,
                          kInt8ArrayOid = 1016, kNumericOid = 1700, kVoidOid = 2278;

Result<Value> DecodeColumn(unsigned type, std::string_view bytes);

}  // namespace aloft::sql
