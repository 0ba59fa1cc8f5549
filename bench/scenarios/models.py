"""Models of several weights behind one endpoint each, beside the servers that people write or take for them: what does the server itself cost?"""

from __future__ import annotations

import io
import json
import pathlib
import tarfile
import tempfile

from lib import load, venvs
from lib.measure import Stat, interleave
from lib.models import ONNX_IMAGE, Endpoints
from lib.networks import Network, networks
from lib.servers import OnnxFloor, Ours, Peer, free_port

PEERS = pathlib.Path(__file__).resolve().parents[1] / "peers"
CLIENTS = (1, 8, 64, 512)
SLOW = ("ResNet-18",)  # tens of milliseconds: more clients than these would only wait
FLOOR, JSON, BINARY = "bare loop, binary", "Aloft, JSON", "Aloft, binary"


def gunicorn(bench, model: pathlib.Path) -> Peer:
    python = venvs.environment(bench.venvs, "onnx_app") / "python"
    bench.versions["gunicorn"] = venvs.version(python.parent, "gunicorn")
    port = free_port()
    command = [str(python), "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "8", "--chdir", str(PEERS),
               "--log-level", "error", "onnx_app:app"]
    return Peer("gunicorn", command, port, "/ping", MODEL=str(model))


def bentoml(bench, model: pathlib.Path) -> Peer:
    binaries = venvs.environment(bench.venvs, "bentoml")
    bench.versions["BentoML"] = venvs.version(binaries, "bentoml")
    port = free_port()
    return Peer("bentoml", [str(binaries / "bentoml"), "serve", "bentoml_service:Service", "--working-dir", str(PEERS), "--host", "127.0.0.1", "--port",
                            str(port)], port, "/readyz", 120, MODEL=str(model), BENTOML_DO_NOT_TRACK="True", BENTOML_HOME=str(model.parent / "bentoml"))


def ray_serve(bench, model: pathlib.Path) -> Peer:
    binaries = venvs.environment(bench.venvs, "ray")
    bench.versions["Ray Serve"] = venvs.version(binaries, "ray")
    port = free_port()
    home = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # paths of its sockets must be short
    return Peer("ray", [str(binaries / "python"), str(PEERS / "ray_app.py"), str(port)], port, "/predict", 120, MODEL=str(model), RAY_HOME=home,
                RAY_USAGE_STATS_ENABLED="0")


def mlserver(bench, model: pathlib.Path) -> Peer:
    binaries = venvs.environment(bench.venvs, "mlserver")
    bench.versions["MLServer"] = venvs.version(binaries, "mlserver")
    port = free_port()
    home = model.parent / "mlserver"
    home.mkdir(exist_ok=True)
    (home / "settings.json").write_text(json.dumps({"host": "127.0.0.1", "http_port": port, "grpc_port": free_port(), "metrics_port": free_port(),
                                                    "parallel_workers": 2, "debug": False}))
    (home / "model-settings.json").write_text(json.dumps({"name": "bench", "implementation": "mlserver_onnx.OnnxModel", "parameters": {"uri": str(model)}}))
    return Peer("mlserver", [str(binaries / "mlserver"), "start", str(home)], port, "/v2/models/bench/ready", 120, PYTHONPATH=str(PEERS))


def torchserve(bench, model: pathlib.Path) -> Peer:
    raise venvs.Missing("its maintainers have ended it, and it needs Java and PyTorch, gigabytes for one figure")


def archive(content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as tar:
        info = tarfile.TarInfo("model.onnx")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def alternatives(bench, network: Network, home: pathlib.Path, ours: Ours, endpoint: str, servers: dict) -> dict:
    """{name: function of the number of clients -> figures}"""
    binary, tensors, rows, raw = (home / name for name in ("binary", "tensors.json", "rows.json", "raw"))
    head = network.binary(binary)
    network.tensors(tensors)
    network.rows(rows)
    raw.write_bytes(network.row.tobytes())
    token = ours.cloud.aloft("token", endpoint).stdout.strip()
    infer = ["--mode", "post", "--path", f"/v2/models/{endpoint}/infer", "--bearer", token]
    ways = {FLOOR: (servers[FLOOR], ["--mode", "post", "--body-file", str(raw)]),
            BINARY: (ours, [*infer, "--body-file", str(binary), "--header", f"Inference-Header-Content-Length: {head}"]),
            JSON: (ours, [*infer, "--body-file", str(tensors), "--content-type", "application/json"])}
    for name, server in servers.items():
        if name != FLOOR:
            path, body = ("/v2/models/bench/infer", tensors) if name == "MLServer" else ("/predict", rows)
            ways[name] = (server, ["--mode", "post", "--path", path, "--body-file", str(body), "--content-type", "application/json"])

    def measure(server, arguments):
        seconds = bench.seconds * (3 if network.name in SLOW else 1)
        return lambda clients: load.run(bench.program("aloft-load"), server, *arguments, "--connections", str(clients), "--seconds", str(seconds),
                                        tree=True, keys=False)

    return {name: measure(*way) for name, way in ways.items()}


def start_peers(bench, model: pathlib.Path, network: Network, servers: dict) -> None:
    servers[FLOOR] = OnnxFloor(bench, model, *network.floor_arguments())
    for name, start in (("gunicorn", gunicorn), ("BentoML", bentoml), ("Ray Serve", ray_serve), ("MLServer", mlserver), ("TorchServe", torchserve)):
        try:
            servers[name] = start(bench, model)
        except (venvs.Missing, TimeoutError, RuntimeError) as failure:
            bench.report.skip(f"{name} ({failure})")


def run(bench) -> None:
    section = bench.report.section(
        "Models", "One row a request, random weights. The bare loop is one thread without any check; Aloft's requests carry a bearer token and speak the Open "
        "Inference Protocol, with tensors in JSON or binary; the others are ONNX Runtime in Python, two processes each, JSON (MLServer's too that of the protocol).",
        ["cpu_us", "per_second", "p50_ms", "p99_ms"])
    ours = Ours(bench.binary)
    try:
        endpoints = Endpoints(ours.cloud)
        for network in networks():
            with tempfile.TemporaryDirectory(prefix="aloft-bench-models-") as temporary:
                home = pathlib.Path(temporary)
                model = home / "model.onnx"
                model.write_bytes(network.onnx)
                endpoint, _ = endpoints.serve(archive(network.onnx), ONNX_IMAGE)
                servers = {}
                try:
                    start_peers(bench, model, network, servers)
                    ways = alternatives(bench, network, home, ours, endpoint, servers)
                    many = CLIENTS[1:2] if bench.quick else CLIENTS[:2] if network.name in SLOW else CLIENTS
                    for clients in many:
                        figures = interleave(bench.rounds, {name: lambda way=way: way(clients) for name, way in ways.items()}, bench.report.skip)
                        for name, row in figures.items():
                            section.add(f"{network.name}, {clients} client{'s' * (clients > 1)}", name, row)
                        aims(bench, network, clients, figures)
                finally:
                    for server in servers.values():
                        server.close()
                endpoints.delete(endpoint)
    finally:
        ours.close()


def aims(bench, network: Network, clients: int, figures: dict[str, dict[str, Stat]]) -> None:
    ours, floor = figures[BINARY], figures[FLOOR]
    if network.name == "MLP" and clients == 1:
        more = (ours["p50_ms"].median - floor["p50_ms"].median) * 1e3
        bench.report.aim("p50 over the bare loop, MLP, 1 client, binary", "≤ 100 µs", f"{more:.0f} µs", more <= 100)
    if network.name in SLOW and clients == 1:  # of more, the bare loop would use one core and Aloft two that share caches
        ratio = floor["cpu_us"].median / ours["cpu_us"].median
        bench.report.aim(f"{network.name} beside the bare loop, by CPU", "≥ 95%", f"{ratio:.0%}", ratio >= 0.95)
    python = [(row["per_second"].median, name) for name, row in figures.items() if name not in (FLOOR, JSON, BINARY)]
    if clients == 8 and python:
        rate, name = max(python)
        times = figures[JSON]["per_second"].median / rate
        bench.report.aim(f"{network.name}, 8 clients, JSON, beside the fastest Python server ({name})", "first", f"{times:.1f}x the rate", times > 1)
