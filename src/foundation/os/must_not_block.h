// A promise about the running thread: what must answer now, or say that it cannot.
//
// While a MustNotBlock lives, everything that would wait on its thread (for a disk, a database, a peer) refuses with
// kWouldBlock instead: kv::Store, sql::Database, blob::Store, http::Client::Call, keys::Keyring. So work that mostly
// finds its data in memory is tried where it is, on a socket's thread, and begins anew on a pool's where it does not.
//
//   {
//     const MustNotBlock here;
//     auto answer = Handle(request);
//     if (!here.refused()) return Reply(answer);
//   }
//   pool.TrySubmit([...] { Reply(Handle(request)); });
//
// Whoever swallows the refusal computes something wrong: only an answer of a scope that nothing refused may be used.
#pragma once

#include "foundation/base/result.h"

namespace aloft::os {

inline constexpr Reason kWouldBlock{ErrorKind::kUnavailable, "WouldBlock"};

class MustNotBlock {
 public:
  MustNotBlock();
  ~MustNotBlock();
  MustNotBlock(const MustNotBlock&) = delete;
  MustNotBlock& operator=(const MustNotBlock&) = delete;

  // Whether something refused in this scope; a scope inside it counts for itself.
  bool refused() const { return refused_; }

  // The innermost scope of this thread; null where waiting is allowed.
  static const MustNotBlock* Current() { return current_; }

 private:
  friend Status MayBlock();
  static thread_local MustNotBlock* current_;
  MustNotBlock* const outer_;
  bool refused_ = false;
};

// For whoever is about to wait: kWouldBlock where this thread must not.
Status MayBlock();

}  // namespace aloft::os
