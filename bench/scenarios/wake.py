"""How long a request waits that finds its endpoint at zero instances: a small ONNX model, from the request to its answer."""

from __future__ import annotations

import json
import pathlib
import tempfile
import time

from lib.measure import Stat, wait_until
from lib.models import ONNX_IMAGE, Endpoints, TestModel
from lib.servers import Ours


def run(bench) -> None:
    section = bench.report.section(
        "Waking from zero", "An endpoint of one small ONNX model is scaled to zero instances; then one request comes. Wall time from the request "
        "to its answer by a client on the same machine: the wish and the slot are written, the worker's sandbox is made, the model is staged from "
        "S3, loaded, and asked.", ["ms"])
    ours = Ours(bench.binary)
    try:
        endpoints = Endpoints(ours.cloud)
        model = TestModel(pathlib.Path(tempfile.mkdtemp(prefix="aloft-bench-wake-")))
        name, _ = endpoints.serve(model.archive(model.onnx_file), ONNX_IMAGE)
        runtime, scaling = ours.cloud.admin.client("sagemaker-runtime"), ours.cloud.admin.client("application-autoscaling")
        target = {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{name}/variant/AllTraffic",
                  "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
        body = json.dumps({"instances": model.rows[:1].tolist()})

        def instances():
            variant = endpoints.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"][0]
            return variant["CurrentInstanceCount"]

        def wake() -> float:
            scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=0)
            wait_until(lambda: instances() == 0, 60, 0.1, "zero instances")
            scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=1)
            time.sleep(4)  # the old worker lingers three seconds
            begin = time.monotonic()
            runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType="application/json")["Body"].read()
            return (time.monotonic() - begin) * 1e3

        wake()
        figures = Stat([wake() for _ in range(max(3, bench.rounds))])
        section.add("ONNX, logistic regression", "Aloft", {"ms": figures})
        bench.report.aim("wake of a sleeping ONNX endpoint", "≤ 150 ms", f"{figures.median:.0f} ± {figures.sd:.0f} ms", figures.median <= 150)
    finally:
        ours.close()
