// What the end of a job means for the room of its hosts. Private to the room; Engine::KeepWarm is its door.
#pragma once

#include "services/jobs/types.h"

namespace aloft::jobs {

// The job has just ended: its room is kept from now on where it asked for that, and is whole.
void KeepRoom(JobState& state);

}  // namespace aloft::jobs
