// Follows what one store announces, from a durable cursor. The thread that drives it is elsewhere (feed.h), so that a
// test can step it by hand.
//
//   Subscriber subscriber(database.outbox(), {.name = "identity.cache", .topic_prefix = "identity.",
//                                             .handle = ..., .resync = ...}, log);
//   while (subscriber.Step().value()) {}
//
// Delivery is at least once and ordered per key; nothing is delivered before it is committed. Who has no cursor yet, or
// slept through the retention, is asked to load a snapshot first and then sees every change after it began.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "foundation/base/log.h"
#include "foundation/base/result.h"
#include "foundation/sql/outbox.h"

namespace aloft::feed {

using Event = sql::Announcement;

struct Subscription {
  // The durable cursor; one subscriber at a time has it. Empty: no cursor, every start begins with `resync`.
  std::string name;
  std::string topic_prefix;  // empty: everything
  // Events in order, at most 256. An error brings the same events again, after a pause.
  std::function<Status(std::span<const Event>)> handle;
  // Load what is true now, from the store itself. Changes during it are delivered afterwards, and may be in it already.
  std::function<Status()> resync;
};

class Subscriber {
 public:
  Subscriber(sql::Outbox& outbox, Subscription subscription, Log log);

  // Delivers at most one page. True where more may wait. After an error nothing has moved: step again later.
  Result<bool> Step();
  // Makes the cursor durable; does nothing where it has not moved. Until then a crash brings the events since again.
  Status Save();
  // Events were delivered since the last Save; otherwise the cursor has at most moved past what others announced.
  bool delivered() const { return delivered_; }

  const std::string& name() const { return subscription_.name; }

 private:
  Status Begin();
  Status Resync();

  sql::Outbox& outbox_;
  const Subscription subscription_;
  Log log_;
  bool begun_ = false;
  bool delivered_ = false;
  sql::OutboxPosition position_;
  sql::OutboxPosition saved_;
};

}  // namespace aloft::feed
