"""The same model as two replicas of a Ray Serve deployment: ray_app.py PORT."""

import os
import signal
import sys

import numpy
import onnxruntime
import ray
from ray import serve


@serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 0.5})
class Model:
    def __init__(self, path: str):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options)
        self.tensor = self.session.get_inputs()[0]
        self.dtype = numpy.int64 if "int64" in self.tensor.type else numpy.float32

    async def __call__(self, request):
        if request.method == "GET":  # whether there is a replica; the proxy's own health says nothing of it
            return "ok"
        rows = numpy.asarray((await request.json())["rows"], self.dtype)
        return {"predictions": self.session.run([self.session.get_outputs()[0].name], {self.tensor.name: rows})[0].tolist()}


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, _temp_dir=os.environ["RAY_HOME"])
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Model.bind(os.environ["MODEL"]), route_prefix="/predict")
    signal.sigwait({signal.SIGTERM})
    ray.shutdown()
