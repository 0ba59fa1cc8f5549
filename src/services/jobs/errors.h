// What the engine refuses; each kind of job shares them.
#pragma once

#include "foundation/base/error.h"

namespace aloft::jobs {

inline constexpr Reason kNoSuchJob{ErrorKind::kNotFound, "NoSuchJob"};
inline constexpr Reason kJobExists{ErrorKind::kAlreadyExists, "JobExists"};
// A combination that the model of the API cannot forbid.
inline constexpr Reason kBadJob{ErrorKind::kInvalid, "BadJob"};
// Stop and update after the end.
inline constexpr Reason kJobEnded{ErrorKind::kInvalid, "JobEnded"};
// Delete before the end.
inline constexpr Reason kJobLives{ErrorKind::kInvalid, "JobLives"};
// The machine can never hold it.
inline constexpr Reason kTooLargeForHere{ErrorKind::kExhausted, "JobTooLarge"};
// A member that means something we do not do yet.
inline constexpr Reason kNotBuilt{ErrorKind::kUnimplemented, "JobNotBuilt"};
inline constexpr Reason kBadPageToken{ErrorKind::kInvalid, "JobBadPageToken"};
// Ours: a move that the table forbids; a record that changed under us.
inline constexpr Reason kIllegalMove{ErrorKind::kInternal, "IllegalJobMove"};
inline constexpr Reason kChangedMeanwhile{ErrorKind::kConflict, "JobChangedMeanwhile"};

inline constexpr Reason kReasons[] = {kNoSuchJob,       kJobExists, kBadJob,       kJobEnded,    kJobLives,
                                      kTooLargeForHere, kNotBuilt,  kBadPageToken, kIllegalMove, kChangedMeanwhile};

}  // namespace aloft::jobs
