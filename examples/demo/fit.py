"""Trains with the SageMaker SDK. Usage: fit.py BUCKET ROLE_ARN"""

import json
import pathlib
import sys

from sagemaker.sklearn import SKLearn

bucket, role = sys.argv[1:]
estimator = SKLearn(
    entry_point="train.py", source_dir=str(pathlib.Path(__file__).parent), framework_version="1.2-1", role=role,
    instance_type="ml.m5.large", output_path=f"s3://{bucket}/models",
    hyperparameters={"regularization": 0.5}, base_job_name="breast-cancer",
    metric_definitions=[{"Name": "test:accuracy", "Regex": "test_accuracy=([0-9.]+)"}])
estimator.fit({"train": f"s3://{bucket}/breast_cancer/"})
print(json.dumps({"job": estimator.latest_training_job.name, "model_data": estimator.model_data}))
