"""kill -9 while audit records are written: no acknowledged change without its record, and the chain goes on after every restart."""

import json
import os
import random
import threading
import time

import botocore.exceptions
import pytest
from cloud import Cloud, wait_for

ROUNDS = 40 if os.environ.get("ALOFT_SOAK") else 4
SEED = int(os.environ.get("ALOFT_SEED", "20261122"))


class Changes:
    """Creates users and writes objects as fast as it is let; remembers the request id of everything that was acknowledged."""

    def __init__(self, cloud, round_number):
        self.cloud, self.round = cloud, round_number
        self.acknowledged: dict[str, str] = {}
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(kind,), daemon=True) for kind in ("iam", "s3", "s3")]
        for thread in self.threads:
            thread.start()

    def work(self, kind):
        client = self.cloud.admin.client(kind, retries={"max_attempts": 0})
        number = 0
        while not self.stopping.is_set():
            number += 1
            name = f"{kind}-{self.round}-{threading.get_ident()}-{number}"
            try:
                if kind == "iam":
                    answer = client.create_user(UserName=name)
                else:
                    answer = client.put_object(Bucket="watched", Key=name, Body=b"x" * 100)
                self.acknowledged[answer["ResponseMetadata"]["RequestId"]] = name
            except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
                time.sleep(0.01)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(20)


def exported(cloud):
    done = cloud.aloft("audit", "export", "--data", str(cloud.data))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def verified(cloud):
    done = cloud.aloft("audit", "verify", "--data", str(cloud.data), "--json")
    report = json.loads(done.stdout)
    assert report["intact"], report["findings"]
    return report


# Both stores, at random moments and at the two moments around a seal.
@pytest.mark.parametrize("moment", ["random", "audit.seal", "audit.sealed"])
def test_no_acknowledged_change_without_its_record(binary, tmp_path, moment):
    rng = random.Random(SEED)
    cloud = Cloud.start(binary, tmp_path / "data")
    try:
        s3, trails = cloud.admin.client("s3"), cloud.admin.client("cloudtrail")
        s3.create_bucket(Bucket="watched")
        trails.create_trail(Name="main", S3BucketName="watched")
        trails.put_event_selectors(TrailName="main", EventSelectors=[{
            "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::watched/"]}]}])
        trails.start_logging(Name="main")
        acknowledged = {}
        for number in range(ROUNDS if moment == "random" else 1):
            if moment != "random":
                cloud.stop()
                cloud.restart(ALOFT_FAULTS=f"{moment}=kill@3")
            changes = Changes(cloud, number)
            if moment == "random":
                time.sleep(rng.uniform(0.3, 2.0))
                cloud.kill()
            else:
                cloud.process.wait(60)
            changes.stop()
            acknowledged.update(changes.acknowledged)
            cloud.restart()
        assert acknowledged
        # And it recovers: what was pending is sealed, and the chain goes on.
        wait_for(lambda: verified(cloud)["pending"] == 0, what="everything to be sealed")
        cloud.stop()
        report = verified(cloud)
        assert report["chains"] == 1 and report["pending"] == 0
        recorded = [line["event"]["requestID"] for line in exported(cloud) if "event" in line]
        missing = set(acknowledged) - set(recorded)
        assert not missing, [acknowledged[each] for each in missing]
        assert len(recorded) == len(set(recorded)), "a call is recorded once"
    finally:
        cloud.close()
