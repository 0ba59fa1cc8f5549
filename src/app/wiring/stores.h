// The data directory, opened: the stores, and the feeds of what changes in them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "app/wiring/world.h"
#include "foundation/base/result.h"
#include "foundation/blob/store.h"
#include "foundation/feed/feed.h"
#include "foundation/kv/store.h"
#include "foundation/os/fd.h"
#include "foundation/sql/database.h"

namespace aloft::app {

class Stores {
 public:
  // Takes the data directory for this process and brings every room's schema up to date.
  static Result<std::unique_ptr<Stores>> Open(World& world);

  // From here on subscribers hear of changes. The feeds also trim the outboxes, whoever listens.
  void StartFeeds();
  void StopFeeds();

  sql::Database& database() { return *database_; }
  kv::Store& kv() { return *kv_; }
  blob::Store& blobs() { return *blobs_; }
  // Where bytes lie that are rarely wanted; may be a slower disk.
  blob::Store& archive() { return *archive_; }
  feed::Feed& sql_feed() { return *sql_feed_; }
  feed::Feed& kv_feed() { return *kv_feed_; }
  // Several servers share these stores.
  bool shared() const { return shared_; }
  const std::string& replica() const { return replica_; }

  // A query and a look-up: whether the stores answer.
  Status Ready();
  // A replica that has not seen the end of the feed for some seconds does not know what others have revoked.
  Status Fit() const;

 private:
  Stores() = default;

  os::Fd lock_;
  std::string replica_;
  bool shared_ = false;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<kv::Store> kv_;
  std::unique_ptr<blob::Store> blobs_;
  std::unique_ptr<blob::Store> archive_;
  std::unique_ptr<feed::Feed> sql_feed_;
  std::unique_ptr<feed::Feed> kv_feed_;
};

}  // namespace aloft::app
