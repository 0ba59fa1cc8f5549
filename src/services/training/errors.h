// What training refuses.
#pragma once

#include "foundation/base/error.h"

namespace aloft::training {

inline constexpr Reason kNoSuchJob{ErrorKind::kNotFound, "NoSuchTrainingJob"};
inline constexpr Reason kJobExists{ErrorKind::kAlreadyExists, "TrainingJobExists"};
// A combination that the model of the API cannot forbid.
inline constexpr Reason kBadJob{ErrorKind::kInvalid, "BadTrainingJob"};
// Stop and update after the end.
inline constexpr Reason kJobEnded{ErrorKind::kInvalid, "TrainingJobEnded"};
// The machine can never hold it.
inline constexpr Reason kTooLargeForHere{ErrorKind::kExhausted, "TrainingJobTooLarge"};
// A member that means something we do not do yet.
inline constexpr Reason kNotBuilt{ErrorKind::kUnimplemented, "TrainingNotBuilt"};
inline constexpr Reason kBadPageToken{ErrorKind::kInvalid, "TrainingBadPageToken"};
// Ours: a move that the table forbids; a record that changed under us.
inline constexpr Reason kIllegalMove{ErrorKind::kInternal, "IllegalTrainingMove"};
inline constexpr Reason kChangedMeanwhile{ErrorKind::kConflict, "TrainingJobChangedMeanwhile"};

inline constexpr Reason kReasons[] = {kNoSuchJob, kJobExists,    kBadJob,      kJobEnded,        kTooLargeForHere,
                                      kNotBuilt,  kBadPageToken, kIllegalMove, kChangedMeanwhile};

}  // namespace aloft::training
