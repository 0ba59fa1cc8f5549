"""docs/training.md says only what is true: its examples run as they stand there."""

import re

import pytest
import images
from cloud import REPOSITORY
from jobs import Trainer
from processing import Processor
from sdk import sagemaker_session

pytestmark = pytest.mark.any_store


# A reader who copies the examples, in their order, gets what the page says.
def test_examples(cloud, bucket, tmp_path):
    trainer, processor = Trainer(cloud, bucket), Processor(cloud, bucket)
    for key in ("data/a.csv", "data/deep/b.csv"):
        trainer.s3.delete_object(Bucket=bucket, Key=key)
    names = {"session": sagemaker_session(cloud, bucket, trainer.s3, trainer.sagemaker), "role": trainer.role, "s3": trainer.s3,
             "bucket": bucket, "wait": trainer.wait, "log": trainer.log, "wait_processing": processor.wait,
             "load_image": images.loader(cloud, tmp_path)}
    blocks = re.findall(r"^```python\n(.*?)^```", (REPOSITORY / "docs/training.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 7
    for number, block in enumerate(blocks):
        exec(compile(block, f"docs/training.md, example {number + 1}", "exec"), names)
