// Why an inventory was not delivered. Said to the log and to reports: no caller waits for an inventory.
#pragma once

#include "foundation/base/error.h"

namespace aloft::inventory {

// The destination is not the account's that the configuration names.
inline constexpr Reason kForeignDestination{ErrorKind::kDenied, "InventoryForeignDestination"};
// The destination's bucket policy does not let s3.amazonaws.com put there.
inline constexpr Reason kDestinationDenied{ErrorKind::kDenied, "InventoryDestinationDenied"};
// Told to stop: the next run begins again.
inline constexpr Reason kStopped{ErrorKind::kCancelled, "InventoryStopped"};

inline constexpr Reason kReasons[] = {kForeignDestination, kDestinationDenied, kStopped};

}  // namespace aloft::inventory
