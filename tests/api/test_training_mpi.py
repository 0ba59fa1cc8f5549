"""MPI and TensorFlow's clusters over the hosts of a job."""

import json
import os
import shutil

import pytest
from cloud import REPOSITORY, wait_for
from jobs import Trainer, archive

pytestmark = pytest.mark.skipif(not os.access("/dev/net/tun", os.R_OK | os.W_OK), reason="the machine lends no TUN devices")
needs_mpi = pytest.mark.skipif(not shutil.which("mpirun"), reason="needs Open MPI (apt-get install openmpi-bin)")
SUM = (REPOSITORY / "examples/training/mpi_sum.py").read_text()


@pytest.fixture
def trainer(cloud, bucket):
    return Trainer(cloud, bucket)


def over(trainer, script, count, **parameters):
    request = trainer.request(source=archive(train_dot_py=script),
                              ResourceConfig={"InstanceType": "ml.t3.medium", "InstanceCount": count, "VolumeSizeInGB": 1})
    request["HyperParameters"] = {name: value for name, value in request["HyperParameters"].items() if name.startswith("sagemaker_")}
    request["HyperParameters"] |= {name: json.dumps(value) for name, value in parameters.items()}
    trainer.sagemaker.create_training_job(**request)
    return trainer.wait(request["TrainingJobName"], seconds=120)


# Two processes on each of two hosts add up: Open MPI's launcher reaches the other sandbox without SSH, and all output is one log.
@needs_mpi
def test_mpi_over_two_hosts(trainer):
    job = over(trainer, SUM, 2, sagemaker_mpi_enabled=True, sagemaker_mpi_num_of_processes_per_host=2,
               sagemaker_mpi_custom_mpi_options="--report-bindings")
    text = "\n".join(trainer.log(job["TrainingJobName"]))
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), text)
    for rank, host in ((0, "algo-1"), (1, "algo-1"), (2, "algo-2"), (3, "algo-2")):
        assert f"rank {rank} of 4 on {host}: the sum is 10" in text, text
    wait_for(lambda: trainer.nothing_left(job["TrainingJobName"]), what="an empty machine")


# A rank that fails on the other host fails the job, with its words as the reason.
@needs_mpi
def test_mpi_rank_fails(trainer):
    job = over(trainer, SUM, 2, sagemaker_mpi_enabled=True, fail=1)
    text = "\n".join(trainer.log(job["TrainingJobName"]))
    assert job["TrainingJobStatus"] == "Failed" and "rank 1 fails as asked" in text, (job.get("FailureReason"), text)
    assert "algo-1" in job["FailureReason"], job["FailureReason"]


# MultiWorkerMirroredStrategy finds its peers in TF_CONFIG; that TensorFlow itself is there is the runtime's matter.
def test_tensorflow_cluster(trainer):
    job = over(trainer, "import os; print('cluster', os.environ['TF_CONFIG'])", 2, sagemaker_multi_worker_mirrored_strategy_enabled=True)
    assert job["TrainingJobStatus"] == "Completed"
    found = sorted(json.loads(line.removeprefix("cluster "))["task"]["index"] for line in trainer.log(job["TrainingJobName"]) if line.startswith("cluster "))
    assert found == [0, 1]
    assert '"worker": ["algo-1:8890", "algo-2:8890"]' in "\n".join(trainer.log(job["TrainingJobName"]))
