"""Container images for tests, made of this machine's own files: Python with its standard library, bash, and what they need."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile

PYTHON = pathlib.Path("/usr/bin/python3").resolve()
LEFT_OUT = {"test", "tests", "idlelib", "tkinter", "lib2to3", "ensurepip", "distutils", "pydoc_data", "__pycache__", "dist-packages"}


def _libraries(*programs: pathlib.Path) -> set[str]:
    text = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True).stdout
    return {word for word in text.split() if word.startswith("/") and not word.endswith(":")}


@functools.cache
def base_layer() -> bytes:
    """A tar of Python and bash, runnable on an empty root."""
    standard = pathlib.Path(f"/usr/lib/{PYTHON.name}")
    extensions = sorted((standard / "lib-dynload").glob("*.so"))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, target in (("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)

        def add(path: str, name: str) -> None:
            info = tar.gettarinfo(path, name)
            info.type, info.uid, info.gid, info.uname, info.gname = tarfile.REGTYPE, 0, 0, "", ""
            with open(path, "rb") as file:
                info.size = pathlib.Path(path).stat().st_size
                tar.addfile(info, file)

        for library in sorted(_libraries(PYTHON, pathlib.Path("/bin/bash"), *extensions)):
            real = "usr" + library if library.startswith(("/lib/", "/lib64/")) else library[1:]
            add(str(pathlib.Path(library).resolve()), real)
        add(str(PYTHON), "usr/bin/python3")
        add("/bin/bash", "usr/bin/bash")
        add("/bin/bash", "usr/bin/sh")
        for path in sorted(standard.rglob("*")):
            if path.is_file() and path.suffix in (".py", ".so") and not LEFT_OUT & set(path.relative_to(standard).parts):
                add(str(path), str(path)[1:])
    return out.getvalue()


def _layer(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name.lstrip("/"))
            info.size, info.mode = len(text.encode()), 0o755
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def save(path: pathlib.Path, name: str, files: dict[str, str] | None = None, **config) -> str:
    """Writes an image as `docker save` would: the base and these files; `config`: Entrypoint, Cmd, Env, User, ... Returns its id."""
    layers = [base_layer()] + ([_layer(files)] if files else [])
    document = json.dumps({"os": "linux", "architecture": "amd64" if sys.maxsize > 2**32 else "", "config": config,
                           "history": [{"created_by": "a test"} for _ in layers],
                           "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(one).hexdigest() for one in layers]}})
    identity = hashlib.sha256(document.encode()).hexdigest()
    manifest = [{"Config": f"{identity}.json", "RepoTags": [name], "Layers": [f"{i}.tar" for i in range(len(layers))]}]
    parts = {f"{identity}.json": document.encode(), "manifest.json": json.dumps(manifest).encode()}
    parts |= {f"{i}.tar": layer for i, layer in enumerate(layers)}
    with tarfile.open(path, "w") as tar:
        for part, content in parts.items():
            info = tarfile.TarInfo(part)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return identity


def load(cloud, path: pathlib.Path, *arguments: str) -> str:
    done = subprocess.run([str(cloud.binary), "images", "--data", str(cloud.data), "load", str(path), *arguments],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def loader(cloud, directory: pathlib.Path):
    """The `load_image` of the guides' examples."""
    def load_image(name: str, files: dict[str, str], **config) -> None:
        path = directory / "image.tar"
        save(path, name, files, **config)
        load(cloud, path)
    return load_image


TRAIN = """#!/usr/bin/python3
import json, os, pathlib, sys
print("arguments", sys.argv[1:], "as", os.getuid(), "in", os.getcwd(), flush=True)
depth = json.load(open("/opt/ml/input/config/hyperparameters.json")).get("depth")
rows = sum(len(p.read_text().split()) for p in pathlib.Path("/opt/ml/input/data/train").rglob("*") if p.is_file())
print(f"rows={rows}; depth={depth} mode={os.environ.get('MODE')}", flush=True)
pathlib.Path("/opt/ml/model/model.json").write_text(json.dumps({"factor": rows}))
"""

SERVE = """#!/usr/bin/python3
import http.server, json, os, sys
factor = 1
if os.path.exists("/opt/ml/model/model.json"):
    factor = json.load(open("/opt/ml/model/model.json"))["factor"]
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(200 if self.path == "/ping" else 404, b"{}")
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(200, json.dumps([x * factor for x in body]).encode())
    def log_message(self, *what):
        pass
print("serves", sys.argv[1:], flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "8080"))), Handler).serve_forever()
"""

PROBE = """
import os, socket
print('interfaces', sorted(name for _, name in socket.if_nameindex()))
print('shadow', os.path.exists('/etc/shadow'), 'root', os.listdir('/root') if os.path.exists('/root') else [])
try:
    os.mknod('/tmp/sda', 0o60600, os.makedev(8, 0))
    print('made a device')
except OSError as error:
    print('refused', error.errno)
print('credentials', 'AWS_CONTAINER_CREDENTIALS_FULL_URI' in os.environ)
"""

# One image for both, as SageMaker's own algorithms have it: the argument says which.
BOTH = {"opt/program/train": TRAIN, "opt/program/serve": SERVE, "opt/program/probe": PROBE,
        "opt/program/run": "#!/bin/bash\nexec python3 /opt/program/$1 \"$@\"\n"}
