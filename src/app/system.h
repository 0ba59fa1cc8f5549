// The whole server, wired: opens the stores, starts the rooms in the order of their levels, and stops them in reverse.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "foundation/base/log.h"
#include "foundation/base/result.h"
#include "platform/identity/types.h"

namespace aloft::app {

inline constexpr Reason kDataDirectoryInUse{ErrorKind::kConflict, "DataDirectoryInUse"};
inline constexpr Reason kDataDirectoryTooNew{ErrorKind::kConflict, "DataDirectoryTooNew"};

class System {
 public:
  // Answers requests when it returns. A failure leaves nothing running; its message says what to do.
  static Result<std::unique_ptr<System>> Start(Config config, Log log);
  virtual ~System() = default;  // Stop()

  virtual const std::string& url() const = 0;
  virtual const std::string& ca_file() const = 0;
  virtual const std::string& account() const = 0;
  // What the first start made: the administrator's key, which is shown once. created is false at later starts.
  virtual const identity::Bootstrap& bootstrap() const = 0;

  // Reads the certificate again; open connections go on with the old one.
  virtual Status ReloadTls() = 0;
  // Finishes the requests that run, then the rooms. Tasks go on without the server.
  virtual void Stop() = 0;
};

}  // namespace aloft::app
