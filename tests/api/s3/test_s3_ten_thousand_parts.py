"""An upload of as many parts as S3 allows. The parts are copies, so that 50 GB cost the disk two objects."""

import concurrent.futures
import hashlib
import os
import random

import pytest
from cloud import Cloud, wait_for
from s3_client import refused

MIB = 1 << 20
PARTS = 10_000
# Of two lengths, so that a seam is not where a multiple of one length is.
SIZES = (5 * MIB, 5 * MIB + 4099)

pytestmark = pytest.mark.any_store


def resident_mib(cloud) -> float:
    with open(f"/proc/{cloud.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def bytes_on_disk(cloud) -> int:
    return sum(path.stat().st_size for path in (cloud.data / "blob").glob("??/*"))


# Numbers beyond AWS's are refused by its sentence, before a byte is taken; a listing of parts is cut where the client says.
def test_the_last_number_is_ten_thousand(s3, bucket):
    names = {"Bucket": bucket, "Key": "k", "UploadId": s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]}
    tag = s3.upload_part(**names, PartNumber=PARTS, Body=b"last")["ETag"]
    s3.put_object(Bucket=bucket, Key="source", Body=b"source")
    for number in (0, PARTS + 1):
        with refused("InvalidArgument", 400, "Part number must be an integer between 1 and 10000, inclusive"):
            s3.upload_part(**names, PartNumber=number, Body=b"x")
        with refused("InvalidArgument", 400, "Part number must be an integer between 1 and 10000, inclusive"):
            s3.upload_part_copy(**names, PartNumber=number, CopySource=f"{bucket}/source")
        with pytest.raises(s3.exceptions.ClientError):
            s3.complete_multipart_upload(**names, MultipartUpload={"Parts": [{"PartNumber": number, "ETag": tag}]})
    for number in (1, 7, 20):
        s3.upload_part(**names, PartNumber=number, Body=b"x")
    pages = list(s3.get_paginator("list_parts").paginate(**names, PaginationConfig={"PageSize": 3}))
    assert [[part["PartNumber"] for part in page["Parts"]] for page in pages] == [[1, 7, 20], [PARTS]]


# The largest upload, through the public door from its beginning to the last byte given back; the server's memory stays bounded.
@pytest.mark.skipif(not os.environ.get("ALOFT_SOAK"), reason="digests 50 GB, which takes minutes; make soak runs it")
def test_ten_thousand_parts(binary, tmp_path):
    cloud = Cloud.start(binary, tmp_path / "data")
    try:
        s3 = cloud.admin.client("s3", max_pool_connections=8)
        s3.create_bucket(Bucket="data")
        bodies = [random.Random(size).randbytes(size) for size in SIZES]
        for n, body in enumerate(bodies):
            s3.put_object(Bucket="data", Key=f"source-{n}", Body=body)
        stored, before = bytes_on_disk(cloud), resident_mib(cloud)
        names = {"Bucket": "data", "Key": "huge", "UploadId": s3.create_multipart_upload(Bucket="data", Key="huge")["UploadId"]}

        def copy(number: int) -> dict:
            source = f"data/source-{number % 2}"
            return {"PartNumber": number, "ETag": s3.upload_part_copy(**names, PartNumber=number, CopySource=source)["CopyPartResult"]["ETag"]}

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            parts = list(pool.map(copy, range(1, PARTS + 1)))
        assert bytes_on_disk(cloud) == stored  # no byte was written for 50 GB
        pages = list(s3.get_paginator("list_parts").paginate(**names))
        assert [len(page["Parts"]) for page in pages] == [1000] * (PARTS // 1000)
        assert [part["PartNumber"] for page in pages for part in page["Parts"]] == list(range(1, PARTS + 1))

        with pytest.raises(s3.exceptions.ClientError):
            s3.complete_multipart_upload(**names, MultipartUpload={"Parts": [*parts, {"PartNumber": PARTS + 1, "ETag": parts[0]["ETag"]}]})
        done = s3.complete_multipart_upload(**names, MultipartUpload={"Parts": parts})
        digests = b"".join(hashlib.md5(bodies[number % 2]).digest() for number in range(1, PARTS + 1))
        assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-{PARTS}"'
        whole = sum(SIZES) * PARTS // 2
        head = s3.head_object(Bucket="data", Key="huge")
        assert head["ContentLength"] == whole and head["ETag"] == done["ETag"]
        assert cloud.aloft("du", "s3://data").returncode == 0

        def at(begin: int, length: int) -> bytes:
            """What the object has there, from the two bodies that it repeats (the odd parts are the second)."""
            pair = bodies[1] + bodies[0]
            begin %= len(pair)
            return (pair + pair)[begin:begin + length]

        for number in (1, 2, PARTS // 2, PARTS):
            part = s3.get_object(Bucket="data", Key="huge", PartNumber=number)
            assert part["PartsCount"] == PARTS and part["Body"].read() == bodies[number % 2]
        with pytest.raises(s3.exceptions.ClientError):
            s3.get_object(Bucket="data", Key="source-0", PartNumber=2)
        ends = [sum(SIZES[n % 2] for n in range(1, number + 1)) for number in (1, 2, PARTS // 2 - 1, PARTS - 1)]
        for end in ends:
            got = s3.get_object(Bucket="data", Key="huge", Range=f"bytes={end - 70_000}-{end + 69_999}")
            assert got["ContentRange"] == f"bytes {end - 70_000}-{end + 69_999}/{whole}" and got["Body"].read() == at(end - 70_000, 140_000)
        tail = s3.get_object(Bucket="data", Key="huge", Range="bytes=-100")
        assert tail["Body"].read() == bodies[0][-100:]

        numbers, marker = [], 0
        for _ in range(PARTS // 1000):
            shown = s3.get_object_attributes(Bucket="data", Key="huge", ObjectAttributes=["ObjectParts", "ObjectSize"], PartNumberMarker=marker)
            assert shown["ObjectSize"] == whole and shown["ObjectParts"]["TotalPartsCount"] == PARTS
            numbers += [part["PartNumber"] for part in shown["ObjectParts"]["Parts"]]
            marker = shown["ObjectParts"]["NextPartNumberMarker"]
        assert numbers == list(range(1, PARTS + 1)) and not shown["ObjectParts"]["IsTruncated"]
        assert resident_mib(cloud) - before < 512
        assert cloud.aloft("fsck", "--quick").returncode == 0

        # What others hold stays; when the last of them goes, so do the bytes.
        s3.delete_object(Bucket="data", Key="source-0")
        s3.delete_object(Bucket="data", Key="huge")
        assert s3.get_object(Bucket="data", Key="source-1")["Body"].read() == bodies[1]
        s3.delete_object(Bucket="data", Key="source-1")
        wait_for(lambda: bytes_on_disk(cloud) == 0, 300, 1, "the bytes to be given back")
        assert cloud.aloft("fsck").returncode == 0
    finally:
        cloud.close()
