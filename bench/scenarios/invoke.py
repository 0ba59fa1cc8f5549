"""InvokeEndpoint beside the model servers that people use otherwise, and beside a bare loop of HTTP and ONNX Runtime."""

from __future__ import annotations

import json
import pathlib
import subprocess
import tempfile

from lib import load, venvs
from lib.measure import Stat, interleave
from lib.models import ONNX_IMAGE, SKLEARN_IMAGE, Endpoints, TestModel
from lib.servers import OnnxFloor, Ours, Peer, free_port

PEERS = pathlib.Path(__file__).resolve().parents[1] / "peers"
CLIENTS = 16
WORKERS = 2  # processes, for each of the servers that have them


def start_flask(bench, model: TestModel) -> Peer:
    python = venvs.environment(bench.venvs, "flask") / "python"
    port = free_port()
    bench.versions["Flask"] = venvs.version(python.parent, "flask")
    return Peer("flask", [str(python), str(PEERS / "flask_app.py")], port, "/ping", MODEL=str(model.joblib_file), PORT=str(port))


def start_gunicorn(bench, model: TestModel) -> Peer:
    python = venvs.environment(bench.venvs, "flask") / "python"
    port = free_port()
    bench.versions["gunicorn"] = venvs.version(python.parent, "gunicorn")
    # Threads, because the default worker class closes every connection after one answer.
    command = [str(python), "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS), "--threads", "8", "--chdir", str(PEERS),
               "--log-level", "error", "flask_app:app"]
    return Peer("gunicorn", command, port, "/ping", MODEL=str(model.joblib_file))


def start_mlserver(bench, model: TestModel) -> Peer:
    python = venvs.environment(bench.venvs, "mlserver") / "python"
    bench.versions["MLServer"] = venvs.version(python.parent, "mlserver")
    port = free_port()
    home = model.home / "mlserver"
    home.mkdir(exist_ok=True)
    (home / "settings.json").write_text(json.dumps({"host": "127.0.0.1", "http_port": port, "grpc_port": free_port(), "metrics_port": free_port(),
                                                    "parallel_workers": WORKERS, "debug": False}))
    # Fitted anew by the versions of scikit-learn that MLServer takes.
    rebuild = ("import joblib; from sklearn.datasets import load_breast_cancer as d; from sklearn.linear_model import LogisticRegression as L;"
               "from sklearn.pipeline import make_pipeline as p; from sklearn.preprocessing import StandardScaler as S;"
               f"x, y = d(return_X_y=True); joblib.dump(p(S(), L(max_iter=500)).fit(x, y), {str(home / 'model.joblib')!r})")
    subprocess.run([str(python), "-c", rebuild], check=True)
    (home / "model-settings.json").write_text(json.dumps({"name": "bench", "implementation": "mlserver_sklearn.SKLearnModel",
                                                          "parameters": {"uri": str(home / "model.joblib")}}))
    return Peer("mlserver", [str(python.parent / "mlserver"), "start", str(home)], port, "/v2/models/bench/ready", 120)


def start_peers(bench, model: TestModel) -> dict:
    servers = {"bare loop, ONNX Runtime": OnnxFloor(bench, model.onnx_file, "json", *model.onnx_names)}
    for name, start in (("Flask", start_flask), ("gunicorn", start_gunicorn), ("MLServer", start_mlserver)):
        try:
            servers[name] = start(bench, model)
        except (venvs.Missing, TimeoutError, RuntimeError) as failure:
            bench.report.skip(f"{name} ({failure})")
    return servers


def one_round(bench, name: str, server, model: TestModel, batch: int, endpoint: str | None) -> dict[str, float]:
    path = "/v2/models/bench/infer" if name == "MLServer" else "/predict"
    body = model.request_v2(batch) if name == "MLServer" else model.request(batch)
    arguments = ["--content-type", "application/json", "--body-file", str(body), "--connections", str(CLIENTS), "--seconds", str(bench.seconds)]
    arguments += ["--mode", "invoke", "--endpoint", endpoint] if endpoint else ["--mode", "post", "--path", path]
    return load.run(bench.program("aloft-load"), server, *arguments, tree=True)


def run(bench) -> None:
    section = bench.report.section(
        "InvokeEndpoint", f"One scikit-learn model (scaler and logistic regression over 30 numbers), JSON in and out, {CLIENTS} clients. CPU is of the "
        f"server with all its workers. Aloft's requests are signed (SigV4) and authorized; the others check nothing. gunicorn and MLServer have "
        f"{WORKERS} worker processes.", ["cpu_us", "per_second", "p50_ms", "p99_ms", "client_cpu_us"])
    with tempfile.TemporaryDirectory(prefix="aloft-bench-models-") as home:
        model = TestModel(pathlib.Path(home))
        ours = Ours(bench.binary)
        servers = {}
        try:
            endpoints = Endpoints(ours.cloud)
            served = {}
            for name, file, image in (("Aloft, ONNX worker", model.onnx_file, ONNX_IMAGE), ("Aloft, Python worker", model.joblib_file, SKLEARN_IMAGE)):
                endpoints.delete(endpoints.serve(model.archive(file), image)[0])  # makes the environment, once for all
                served[name], seconds = endpoints.serve(model.archive(file), image)
                bench.report.aim(f"endpoint in service ({name.removeprefix('Aloft, ')})", "≤ 1 s", f"{seconds:.2f} s", seconds <= 1)
            servers = {**{name: ours for name in served}, **start_peers(bench, model)}
            for batch in (1, 32):
                figures = interleave(bench.rounds, {
                    name: lambda name=name, server=server: one_round(bench, name, server, model, batch, served.get(name))
                    for name, server in servers.items()}, bench.report.skip)
                for name, row in figures.items():
                    section.add(f"batch {batch}", name, row)
                aims(bench, batch, figures)
            for name in served.values():
                endpoints.delete(name)
        finally:
            for server in {id(s): s for s in [ours, *servers.values()]}.values():
                server.close()


def aims(bench, batch: int, figures: dict[str, dict[str, Stat]]) -> None:
    onnx, python = figures["Aloft, ONNX worker"], figures["Aloft, Python worker"]
    floor = figures["bare loop, ONNX Runtime"]["cpu_us"].median
    ratio = onnx["cpu_us"].median / floor
    bench.report.aim(f"InvokeEndpoint batch {batch}: CPU of server and worker beside the bare loop", "≤ 3x", f"{ratio:.2f}x", ratio <= 3)
    if batch == 1 and "gunicorn" in figures:
        peer = figures["gunicorn"]
        for name, row in (("ONNX worker", onnx), ("Python worker", python)):
            cheaper = peer["cpu_us"].median / row["cpu_us"].median
            faster = row["per_second"].median / peer["per_second"].median
            bench.report.aim(f"InvokeEndpoint batch 1 beside gunicorn ({name})", "≥ 10x", f"{cheaper:.1f}x less CPU, {faster:.1f}x the rate",
                             min(cheaper, faster) >= 10)
