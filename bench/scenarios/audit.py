"""What recording every read and write of objects costs: the same small requests to a bucket whose data events a trail wants and to one that nobody watches,
on one server, in turn."""

from __future__ import annotations

from lib import load
from lib.measure import interleave
from lib.servers import Ours

WATCHED, PLAIN = "watched", "plain"


def small(bench, server, mode: str, bucket: str) -> dict[str, float]:
    return load.run(bench.program("aloft-load"), server, "--mode", mode, "--bucket", bucket, "--body-bytes", "4096", "--prefix", "small/", "--keys", "512",
                    "--connections", "64", "--seconds", str(2 * bench.seconds))


def watch(server) -> None:
    s3, trails = server.cloud.admin.client("s3"), server.cloud.admin.client("cloudtrail")
    for bucket in (WATCHED, PLAIN, "files"):
        s3.create_bucket(Bucket=bucket)
    trails.create_trail(Name="data", S3BucketName="files")
    trails.put_event_selectors(TrailName="data", EventSelectors=[{
        "ReadWriteType": "All", "IncludeManagementEvents": True,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{WATCHED}/"]}]}])
    trails.start_logging(Name="data")


def run(bench) -> None:
    section = bench.report.section(
        "The audit log's data events", "4 KiB objects, 64 clients; a trail wants the events of one of two buckets. A change's record is part of its own commit; the "
        "records of reads are written in groups.", ["cpu_us", "per_second", "p50_ms", "p99_ms", "client_cpu_us"])
    server = Ours(bench.binary)
    try:
        watch(server)
        for bucket in (WATCHED, PLAIN):
            small(bench, server, "s3-put", bucket)
        figures = interleave(bench.rounds, {(mode, bucket): lambda mode=mode, bucket=bucket: small(bench, server, mode, bucket)
                                            for mode in ("s3-put", "s3-get") for bucket in (PLAIN, WATCHED)})
        for mode, what in (("s3-put", "PUT 4 KiB"), ("s3-get", "GET 4 KiB")):
            for bucket, name in ((PLAIN, "no data events"), (WATCHED, "every event recorded")):
                section.add(what, name, figures[mode, bucket])
        plain, watched = (figures["s3-put", bucket]["per_second"].median for bucket in (PLAIN, WATCHED))
        cost = 1 - watched / plain
        bench.report.aim("PUT 4 KiB with data events beside without, by throughput", "< 5% less", f"{cost:.1%} less", cost < 0.05)
    finally:
        server.close()
