// Keeps a replica's snapshots true: what another replica changed is forgotten here within a poll of the feed.
//
//   feed.Subscribe(FollowChanges(identity));
#pragma once

#include "foundation/feed/subscriber.h"
#include "platform/identity/service.h"

namespace aloft::identity {

// Without a cursor of its own: a start begins with nothing in memory. `identity` outlives the feed.
feed::Subscription FollowChanges(const Service& identity);

}  // namespace aloft::identity
