#include "foundation/feed/subscriber.h"

namespace aloft::feed {
namespace {

constexpr std::size_t kPage = 256;

}  // namespace

Subscriber::Subscriber(sql::Outbox& outbox, Subscription subscription, Log log)
    : outbox_(outbox), subscription_(std::move(subscription)), log_(std::move(log)) {
  ALOFT_CHECK(subscription_.handle && subscription_.resync);
}

Result<bool> Subscriber::Step() {
  if (!begun_) ALOFT_TRY(Begin());
  auto page = outbox_.Read(position_, subscription_.topic_prefix, kPage);
  if (!page.ok() && page.error().reason == sql::kCursorExpired) {
    log_.Warn("feed: the cursor expired, loading a snapshot", {{"subscriber", subscription_.name}});
    ALOFT_TRY(Resync());
    return true;
  }
  if (!page.ok()) return std::move(page).error();
  if (!page->entries.empty()) {
    ALOFT_TRY(subscription_.handle(page->entries));
    delivered_ = true;
  }
  position_ = std::move(page->next);
  return page->more;
}

Status Subscriber::Save() {
  if (subscription_.name.empty() || !begun_ || position_ == saved_) return {};
  ALOFT_TRY(outbox_.SaveCursor(subscription_.name, position_));
  saved_ = position_;
  delivered_ = false;
  return {};
}

Status Subscriber::Begin() {
  if (!subscription_.name.empty()) {
    ALOFT_ASSIGN(saved_, outbox_.LoadCursor(subscription_.name));
  }
  position_ = saved_;
  if (position_.empty()) ALOFT_TRY(Resync());
  begun_ = true;
  return {};
}

// The end is taken first: what changes while the snapshot is loaded is delivered after it.
Status Subscriber::Resync() {
  ALOFT_ASSIGN(sql::OutboxPosition end, outbox_.End());
  ALOFT_TRY(subscription_.resync());
  position_ = std::move(end);
  delivered_ = true;
  return {};
}

}  // namespace aloft::feed
