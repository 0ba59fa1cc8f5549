"""Survives interruptions: after SIGTERM or a kill it goes on where its last checkpoint stands."""

import json
import os
import pathlib
import time

steps = int(os.environ.get("SM_HP_STEPS", "20"))
pause = float(os.environ.get("SM_HP_PAUSE", "0.2"))
saved = pathlib.Path("/opt/ml/checkpoints/state.json")
state = json.loads(saved.read_text()) if saved.exists() else {"step": 0, "weight": 0.0}
print(f"begins at step {state['step']}", flush=True)
while state["step"] < steps:
    state["weight"] += 0.1 * (1.0 - state["weight"])
    state["step"] += 1
    new = saved.with_suffix(".new")
    new.write_text(json.dumps(state))
    new.rename(saved)  # a checkpoint is whole or not there
    print(f"step={state['step']} weight={state['weight']:.9f};", flush=True)
    time.sleep(pause)
pathlib.Path(os.environ["SM_MODEL_DIR"], "weight").write_text(str(state["weight"]))
