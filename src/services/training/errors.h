// What training refuses: the reasons of every kind of job.
#pragma once

#include "services/jobs/errors.h"

namespace aloft::training {

using jobs::kBadJob;
using jobs::kBadPageToken;
using jobs::kChangedMeanwhile;
using jobs::kJobEnded;
using jobs::kJobExists;
using jobs::kJobLives;
using jobs::kNoSuchJob;
using jobs::kNotBuilt;
using jobs::kTooLargeForHere;

}  // namespace aloft::training
