#include "platform/identity/follow.h"

#include "platform/identity/records.h"

namespace aloft::identity {

feed::Subscription FollowChanges(const Service& identity) {
  return {.name = "",
          .topic_prefix = std::string(kChangesTopic),
          .handle =
              [&identity](std::span<const feed::Event>) {
                identity.Invalidate();
                return Status();
              },
          .resync =
              [&identity] {
                identity.Invalidate();
                return Status();
              }};
}

}  // namespace aloft::identity
