"""Container images: training, processing and serving in them, by what `aloft images` loaded and by what podman has."""

import json
import os
import shutil
import subprocess
import uuid

import botocore.exceptions
import images
import pytest
from cloud import wait_for
from deploy import Deployer
from jobs import Trainer, archive
from leftovers import mounts_of
from processing import Processor
from sagemaker.estimator import Estimator
from sdk import sagemaker_session

# Images lie on one machine: of two servers only the one that loaded them runs them.
pytestmark = pytest.mark.one_server


def load_both(cloud, directory) -> str:
    """An image that trains and serves; returns its name."""
    images.save(directory / "both.tar", "tests/both:1", images.BOTH, Entrypoint=["/opt/program/run"], Env=["MODE=image"],
                WorkingDir="/opt/program")
    images.load(cloud, directory / "both.tar")
    return "tests/both:1"


@pytest.fixture(scope="module")
def image(cloud, tmp_path_factory):
    return load_both(cloud, tmp_path_factory.mktemp("images"))


@pytest.fixture
def trainer(cloud, bucket):
    return Trainer(cloud, bucket)


def container(image: str, **more) -> dict:
    return {"TrainingImage": image, "TrainingInputMode": "File", **more}


# SageMaker's contract for a team's own container: its entrypoint with "train", /opt/ml, its own variables and files.
def test_training(trainer, image):
    name = trainer.create(None, AlgorithmSpecification=container(image, MetricDefinitions=[{"Name": "rows", "Regex": "rows=(.*?);"}]))
    job = trainer.wait(name)
    text = "\n".join(trainer.log(name))
    assert job["TrainingJobStatus"] == "Completed", (job, text)
    assert "arguments ['train'] as 0 in /opt/program" in text and "depth=3 mode=image" in text
    assert "Image sha256:" in text
    assert job["FinalMetricDataList"][0]["Value"] == 3
    assert trainer.unpack(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"model.json": b'{"factor": 3}'}
    assert mounts_of(trainer.cloud.data) == []


# What the request says instead of the entrypoint, and how a failure is told.
def test_entrypoint_and_failure(trainer, image):
    script = "echo $MODE; echo because > /opt/ml/output/failure; exit 9"
    specification = container(image, ContainerEntrypoint=["/bin/bash", "-c"], ContainerArguments=[script])
    job = trainer.wait(name := trainer.create(None, AlgorithmSpecification=specification))
    assert job["TrainingJobStatus"] == "Failed" and "because" in job["FailureReason"], job
    assert "image" in trainer.log(name)


# The generic Estimator of the SDK, unmodified, then its model in service from the same image.
def test_estimator_and_endpoint(own_cloud, tmp_path):
    cloud, bucket = own_cloud, f"b-{uuid.uuid4().hex[:10]}"
    cloud.admin.client("s3").create_bucket(Bucket=bucket)
    image = load_both(cloud, tmp_path)
    trainer = Trainer(cloud, bucket)
    session = sagemaker_session(cloud, bucket, trainer.s3, trainer.sagemaker)
    estimator = Estimator(image_uri=image, role=trainer.role, sagemaker_session=session, instance_type="ml.m5.large",
                          instance_count=1, hyperparameters={"depth": 5}, output_path=f"s3://{bucket}/models")
    estimator.fit({"train": f"s3://{bucket}/data/"}, wait=False)
    assert trainer.wait(estimator.latest_training_job.name)["TrainingJobStatus"] == "Completed"
    deployer = Deployer(cloud, bucket)
    try:
        endpoint = deployer.create(deployer.config(estimator.model_data, image=image))
        described = deployer.settled(endpoint)
        assert described["EndpointStatus"] == "InService", described
        assert described["ProductionVariants"][0]["DeployedImages"][0]["ResolvedImage"].startswith("sha256:")

        def ask(body):
            answer = deployer.runtime.invoke_endpoint(EndpointName=endpoint, Body=json.dumps(body), ContentType="application/json")
            return json.loads(answer["Body"].read())

        assert ask([1, 2]) == [3, 6]
        assert ask(list(range(100_000)))[-1] == 3 * 99_999
        # Containers outlive the server and are found again.
        cloud.kill()
        cloud.restart()
        assert ask([7]) == [21]
    finally:
        deployer.clear()
    wait_for(lambda: mounts_of(cloud.data) == [], 30, what="nothing is left")


# A web application that knows nothing of SageMaker but two paths: its own command, on the port that is named.
def test_named_port(cloud, bucket, tmp_path):
    images.save(tmp_path / "web.tar", "tests/web", {"app.py": images.SERVE}, Cmd=["python3", "/app.py"], Env=["PORT=80"], User="1234")
    images.load(cloud, tmp_path / "web.tar")
    deployer = Deployer(cloud, bucket)
    try:
        data = deployer.upload(archive(model_dot_json='{"factor": 4}'))
        endpoint = deployer.create(deployer.config(data, image="tests/web", environment={"ALOFT_CONTAINER_PORT": "80"}))
        assert deployer.settled(endpoint)["EndpointStatus"] == "InService"
        answer = deployer.runtime.invoke_endpoint(EndpointName=endpoint, Body=b"[5]", ContentType="application/json")
        assert json.loads(answer["Body"].read()) == [20]
    finally:
        deployer.clear()


# A plain web application has paths of its own, too; what is no path is refused.
def test_named_paths(cloud, bucket, tmp_path):
    strict = "def do_POST(self):\n        if self.path != '/api/score': return self.answer(404, b'no')\n"
    app = images.SERVE.replace("/ping", "/health").replace("def do_POST(self):\n", strict)
    images.save(tmp_path / "plain.tar", "tests/plain", {"app.py": app}, Cmd=["python3", "/app.py"], Env=["PORT=8000"])
    images.load(cloud, tmp_path / "plain.tar")
    deployer = Deployer(cloud, bucket)
    named = {"ALOFT_CONTAINER_PORT": "8000", "ALOFT_CONTAINER_PING": "/health", "ALOFT_CONTAINER_INVOCATIONS": "/api/score"}
    try:
        data = deployer.upload(archive(model_dot_json='{"factor": 4}'))
        endpoint = deployer.create(deployer.config(data, image="tests/plain", environment=named))
        assert deployer.settled(endpoint)["EndpointStatus"] == "InService"
        answer = deployer.runtime.invoke_endpoint(EndpointName=endpoint, Body=b"[6]", ContentType="application/json")
        assert json.loads(answer["Body"].read()) == [24]
        for image, path, text in (("tests/plain", "score", "begins with /"), ("aloft-python:3", "/score", "container images of your own")):
            with pytest.raises(botocore.exceptions.ClientError, match=text):
                deployer.model(data, image=image, environment={"ALOFT_CONTAINER_INVOCATIONS": path})
    finally:
        deployer.clear()


# A processing job may leave everything to its image.
def test_processing(cloud, bucket, tmp_path):
    code = "import pathlib\npathlib.Path('/opt/ml/processing/output/made').write_text('by the image')\nprint('ran')\n"
    images.save(tmp_path / "process.tar", "tests/process", {"work.py": code}, Entrypoint=["python3", "/work.py"])
    images.load(cloud, tmp_path / "process.tar")
    processor = Processor(cloud, bucket)
    name = f"job-{uuid.uuid4().hex[:10]}"
    request = processor.request() | {"ProcessingJobName": name, "AppSpecification": {"ImageUri": "tests/process"}}
    request["ProcessingOutputConfig"] = {"Outputs": [processor.output("result", f"{name}/result", "output")]}
    processor.sagemaker.create_processing_job(**request)
    job = processor.wait(name)
    assert job["ProcessingJobStatus"] == "Completed", job
    assert processor.s3.get_object(Bucket=bucket, Key=f"{name}/result/made")["Body"].read() == b"by the image"


# Isolation is the same as everywhere: no network, no file of this machine, nothing gained.
def test_isolation(trainer, image):
    specification = container(image, ContainerEntrypoint=["python3", "/opt/program/probe"])
    job = trainer.wait(name := trainer.create(None, AlgorithmSpecification=specification, EnableNetworkIsolation=True))
    text = "\n".join(trainer.log(name))
    assert job["TrainingJobStatus"] == "Completed", (job, text)
    assert "interfaces ['lo']" in text and "shadow False root []" in text and "refused 1" in text and "credentials False" in text


# An image that nobody has is refused when it is named, with what to do; so is what no container can do yet.
def test_refusals(trainer, cloud, bucket, image):
    with pytest.raises(botocore.exceptions.ClientError, match="No runtime stands for the image nobody/has:this.*aloft images load"):
        trainer.create(None, AlgorithmSpecification=container("nobody/has:this"))
    deployer = Deployer(cloud, bucket)
    try:
        model = deployer.model(deployer.upload(archive(model_dot_json="{}")), image=image)
        with pytest.raises(botocore.exceptions.ClientError, match="batch transform of models in container images"):
            deployer.sagemaker.create_transform_job(
                TransformJobName=f"t-{uuid.uuid4().hex[:8]}", ModelName=model,
                TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/"}}},
                TransformOutput={"S3OutputPath": f"s3://{bucket}/t"}, TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
    finally:
        deployer.clear()


# The command line lists what there is, and forgets what it is told to.
def test_command_line(own_cloud, tmp_path):
    cloud = own_cloud
    identity = images.save(tmp_path / "one.tar", "tests/one:2", Cmd=["true"])

    def aloft(*arguments):
        return subprocess.run([str(cloud.binary), "images", "--data", str(cloud.data), *arguments], capture_output=True, text=True)

    assert identity[:12] in images.load(cloud, tmp_path / "one.tar", "--name", "mine")
    assert "mine:latest" in aloft().stdout and identity[:12] in aloft().stdout
    assert aloft("remove", "mine").returncode == 0
    assert aloft().stdout == ""
    (tmp_path / "bad.tar").write_text("no image")
    bad = aloft("load", str(tmp_path / "bad.tar"))
    assert bad.returncode != 0 and "no image archive" in bad.stdout + bad.stderr


@pytest.fixture(scope="module")
def podman(tmp_path_factory):
    """Runs podman on a store of its own; skips where this machine has none that works."""
    if not shutil.which("podman"):
        pytest.skip("podman is not installed: apt-get install podman runc")
    home = tmp_path_factory.mktemp("podman")
    settings = home / "storage.conf"
    settings.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{home}/graph"\nrunroot = "{home}/run"\n')
    environment = {**os.environ, "CONTAINERS_STORAGE_CONF": str(settings)}

    def run(*arguments):
        return subprocess.run(["podman", *arguments], env=environment, capture_output=True, text=True, timeout=300)

    tried = run("info")
    if tried.returncode != 0:
        pytest.skip(f"podman does not work here: {tried.stderr.strip()[-300:]}")
    run.settings = str(settings)
    yield run
    run("rmi", "--all", "--force")


# `podman load`, `podman build` on it, and a job that names what was built: nothing is loaded by hand.
def test_images_of_podman(own_cloud, podman, tmp_path):
    images.save(tmp_path / "base.tar", "localhost/base:1", images.BOTH)
    loaded = podman("load", "-i", str(tmp_path / "base.tar"))
    assert loaded.returncode == 0, loaded.stderr
    (tmp_path / "Dockerfile").write_text('FROM localhost/base:1\nRUN python3 -c "open(\'/made\', \'w\').write(\'while it was built\')"\n'
                                         'ENV MODE=built\nENTRYPOINT ["/opt/program/run"]\n')
    built = podman("build", "--isolation", "chroot", "-t", "built:1", "-f", str(tmp_path / "Dockerfile"), str(tmp_path))
    if built.returncode != 0:
        pytest.skip(f"podman cannot build here: {built.stderr.strip()[-300:]}")
    own_cloud.stop()
    own_cloud.restart(CONTAINERS_STORAGE_CONF=podman.settings)
    s3 = own_cloud.admin.client("s3")
    bucket = f"b-{uuid.uuid4().hex[:10]}"
    s3.create_bucket(Bucket=bucket)
    trainer = Trainer(own_cloud, bucket)
    name = trainer.create(None, AlgorithmSpecification=container("localhost/built:1"))
    job = trainer.wait(name)
    text = "\n".join(trainer.log(name))
    assert job["TrainingJobStatus"] == "Completed", (job, text)
    assert "mode=built" in text and "Unpacking" in text
    name = trainer.create(None, AlgorithmSpecification=container("built:1", ContainerEntrypoint=["python3", "-c", "print(open('/made').read())"]))
    assert trainer.wait(name)["TrainingJobStatus"] == "Completed"
    assert "while it was built" in "\n".join(trainer.log(name))
    assert "Unpacking" not in "\n".join(trainer.log(name)), "the second job finds it unpacked"
