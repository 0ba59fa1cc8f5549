"""A job that runs longer than its credentials live: they are renewed under it, and it ends as if nothing had been."""

import uuid

import pytest
from cloud import Cloud
from jobs import Trainer


@pytest.fixture
def brief(binary, tmp_path):
    """A server whose tasks get credentials for a minute."""
    cloud = Cloud.start(binary, tmp_path / "data", settings="task_credentials_seconds = 60\n")
    yield cloud
    cloud.close()


# The job asks for its credentials again and again: each answer is still good, the later ones are others, and the model is
# stored as the role long after the first have expired.
def test_a_jobs_credentials_rotate(brief):
    bucket = f"rotate-{uuid.uuid4().hex[:10]}"
    brief.admin.client("s3").create_bucket(Bucket=bucket)
    trainer = Trainer(brief, bucket)
    job = trainer.run("""
        import datetime, json, os, pathlib, time, urllib.request
        seen, worst = set(), 1e9
        end = time.monotonic() + 75
        while time.monotonic() < end:
            request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
                                             headers={"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
            given = json.load(urllib.request.urlopen(request))
            seen.add(given["AccessKeyId"])
            expires = datetime.datetime.fromisoformat(given["Expiration"].replace("Z", "+00:00"))
            worst = min(worst, (expires - datetime.datetime.now(datetime.timezone.utc)).total_seconds())
            time.sleep(1)
        print("keys", len(seen), "worst", int(worst), flush=True)
        pathlib.Path(os.environ["SM_MODEL_DIR"], "model").write_text("late")
    """)
    log = trainer.log(job["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), log)
    (line,) = [line for line in log if line.startswith("keys")]
    _, keys, _, worst = line.split()
    assert int(keys) >= 2 and int(worst) > 0
    assert trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"model": b"late"}
