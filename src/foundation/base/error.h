// What went wrong, for the caller (message), for a program (reason), for the operator (detail).
#pragma once

#include <string>
#include <string_view>

namespace aloft {

// Neutral kinds of failure. Each gives a default HTTP status and says whether the same call may succeed later.
enum class ErrorKind {
  kInvalid,          // the request is malformed or breaks a rule: do not repeat it
  kUnauthenticated,  // nobody vouches for the caller
  kDenied,           // the caller is known and may not
  kNotFound,
  kAlreadyExists,
  kConflict,            // the state forbids it now
  kPreconditionFailed,  // an If-Match or expected version did not hold
  kOutOfRange,          // a byte range or page outside what exists
  kTooLarge,
  kThrottled,    // refused early, repeat later
  kExhausted,    // a quota, the disk, the memory
  kUnavailable,  // not now: starting, stopping, a peer is away
  kDeadlineExceeded,
  kCancelled,
  kUnimplemented,  // not built: never repeat
  kCorrupt,        // stored bytes are not what was written
  kInternal,
};

// A machine-readable cause. Rooms declare theirs as constants in errors.h; the wire name is each API's own table.
struct Reason {
  ErrorKind kind = ErrorKind::kInternal;
  std::string_view name;  // static storage

  friend bool operator==(const Reason& a, const Reason& b) { return a.name == b.name; }
};

struct Error {
  Reason reason;
  std::string message;  // safe to show to the caller
  std::string detail;   // for the log only; never sent

  ErrorKind kind() const { return reason.kind; }
};

// Causes that belong to no room.
inline constexpr Reason kInvalidArgument{ErrorKind::kInvalid, "InvalidArgument"};
inline constexpr Reason kUnavailable{ErrorKind::kUnavailable, "Unavailable"};
inline constexpr Reason kDeadlineExceeded{ErrorKind::kDeadlineExceeded, "DeadlineExceeded"};
inline constexpr Reason kCancelled{ErrorKind::kCancelled, "Cancelled"};
inline constexpr Reason kUnimplemented{ErrorKind::kUnimplemented, "Unimplemented"};
inline constexpr Reason kCorrupt{ErrorKind::kCorrupt, "Corrupt"};
inline constexpr Reason kInternal{ErrorKind::kInternal, "Internal"};
inline constexpr Reason kIoError{ErrorKind::kInternal, "IoError"};
inline constexpr Reason kDiskFull{ErrorKind::kExhausted, "DiskFull"};

// "NotFound", "Throttled", ...
std::string_view ToString(ErrorKind kind);

// The HTTP status an API sends when its own table does not say otherwise.
int HttpStatus(ErrorKind kind);

// True where an unchanged repetition can succeed.
bool IsRetryable(ErrorKind kind);

// "<reason>: <message> [<detail>]", for logs and test failures.
std::string Describe(const Error& error);

// An error from the errno of a failed system call; ENOSPC and EDQUOT become kDiskFull.
Error SystemError(std::string_view operation, int error_number);

}  // namespace aloft
