#include "foundation/base/error.h"

#include <cerrno>
#include <system_error>

namespace aloft {

std::string_view ToString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid: return "Invalid";
    case ErrorKind::kUnauthenticated: return "Unauthenticated";
    case ErrorKind::kDenied: return "Denied";
    case ErrorKind::kNotFound: return "NotFound";
    case ErrorKind::kAlreadyExists: return "AlreadyExists";
    case ErrorKind::kConflict: return "Conflict";
    case ErrorKind::kPreconditionFailed: return "PreconditionFailed";
    case ErrorKind::kOutOfRange: return "OutOfRange";
    case ErrorKind::kTooLarge: return "TooLarge";
    case ErrorKind::kThrottled: return "Throttled";
    case ErrorKind::kExhausted: return "Exhausted";
    case ErrorKind::kUnavailable: return "Unavailable";
    case ErrorKind::kDeadlineExceeded: return "DeadlineExceeded";
    case ErrorKind::kCancelled: return "Cancelled";
    case ErrorKind::kUnimplemented: return "Unimplemented";
    case ErrorKind::kCorrupt: return "Corrupt";
    case ErrorKind::kInternal: return "Internal";
  }
  return "Internal";
}

int HttpStatus(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid: return 400;
    case ErrorKind::kUnauthenticated: return 401;
    case ErrorKind::kDenied: return 403;
    case ErrorKind::kNotFound: return 404;
    case ErrorKind::kAlreadyExists: return 409;
    case ErrorKind::kConflict: return 409;
    case ErrorKind::kPreconditionFailed: return 412;
    case ErrorKind::kOutOfRange: return 416;
    case ErrorKind::kTooLarge: return 413;
    case ErrorKind::kThrottled: return 429;
    case ErrorKind::kExhausted: return 507;
    case ErrorKind::kUnavailable: return 503;
    case ErrorKind::kDeadlineExceeded: return 504;
    case ErrorKind::kCancelled: return 499;
    case ErrorKind::kUnimplemented: return 501;
    case ErrorKind::kCorrupt: return 500;
    case ErrorKind::kInternal: return 500;
  }
  return 500;
}

bool IsRetryable(ErrorKind kind) {
  return kind == ErrorKind::kThrottled || kind == ErrorKind::kUnavailable || kind == ErrorKind::kDeadlineExceeded ||
         kind == ErrorKind::kInternal || kind == ErrorKind::kExhausted;
}

std::string Describe(const Error& error) {
  std::string text(error.reason.name);
  text += ": ";
  text += error.message;
  if (!error.detail.empty()) {
    text += " [";
    text += error.detail;
    text += ']';
  }
  return text;
}

Error SystemError(std::string_view operation, int error_number) {
  bool full = error_number == ENOSPC || error_number == EDQUOT;
  std::string detail(operation);
  detail += ": ";
  detail += std::generic_category().message(error_number);
  return Error{full ? kDiskFull : kIoError, full ? "The disk is full." : "An operation of the operating system failed.",
               std::move(detail)};
}

}  // namespace aloft
