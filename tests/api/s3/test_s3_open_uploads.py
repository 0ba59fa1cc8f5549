"""Many uploads at once: what is declared costs nothing, what is sent goes to the disk, and what breaks off leaves nothing."""

import os
import resource
import selectors
import socket

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from cloud import Cloud, wait_for

COUNT = 1000
DECLARED = 1 << 30
SENT = 192 * 1024


def head(cloud, key: str) -> bytes:
    target = cloud.url.removeprefix("http://")
    request = botocore.awsrequest.AWSRequest("PUT", f"http://{target}/data/{key}", headers={"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
    request.context["payload_signing_enabled"] = False
    credentials = botocore.credentials.Credentials(cloud.admin.access_key_id, cloud.admin.secret)
    botocore.auth.S3SigV4Auth(credentials, "s3", cloud.region).add_auth(request)
    headers = {**dict(request.headers), "Host": target, "Content-Length": str(DECLARED)}
    return (f"PUT /data/{key} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode()


def resident_mib(cloud) -> float:
    with open(f"/proc/{cloud.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


# A thousand clients that each begin a gibibyte must not cost a gibibyte, and others are served meanwhile.
def test_a_thousand_open_uploads(binary, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    cloud = Cloud.start(binary, tmp_path / "data", "--no-tls")
    peers, selector, piece = [], selectors.DefaultSelector(), b"u" * (64 * 1024)
    try:
        s3 = cloud.admin.client("s3")
        s3.create_bucket(Bucket="data")
        s3.put_object(Bucket="data", Key="other", Body=b"x" * 100_000)
        before = resident_mib(cloud)
        for n in range(COUNT):
            peer = socket.create_connection(("127.0.0.1", cloud.port))
            peer.sendall(head(cloud, f"upload-{n}"))
            peer.setblocking(False)
            peers.append(peer)
            selector.register(peer, selectors.EVENT_READ | selectors.EVENT_WRITE, [0])
        left, highest = COUNT, before
        while left:
            for key, events in selector.select(60):
                assert not events & selectors.EVENT_READ, key.fileobj.recv(400)
                key.data[0] += key.fileobj.send(piece)
                if key.data[0] >= SENT:
                    selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
                    left -= 1
            highest = max(highest, resident_mib(cloud))
        assert s3.get_object(Bucket="data", Key="other")["ContentLength"] == 100_000
        s3.put_object(Bucket="data", Key="new", Body=b"y" * 100_000)
        assert highest < 1024, f"{before:.0f} MiB before, {highest:.0f} MiB with {COUNT} uploads"
        for peer in peers:
            peer.close()
        # What broke off is nowhere.
        assert {entry["Key"] for entry in s3.list_objects_v2(Bucket="data")["Contents"]} == {"other", "new"}
        wait_for(lambda: len(open_files(cloud)) < 300, 60, 0.2, "the uploads' files to be closed")
        assert cloud.aloft("fsck").returncode == 0
    finally:
        for peer in peers:
            peer.close()
        cloud.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_files(cloud) -> list[str]:
    return os.listdir(f"/proc/{cloud.process.pid}/fd")
