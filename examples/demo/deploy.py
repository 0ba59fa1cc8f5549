"""Deploys what fit.py trained and asks it for predictions. Usage: deploy.py JOB ENDPOINT ROWS.csv"""

import json
import sys

import numpy
from sagemaker.sklearn import SKLearn

job, endpoint, rows = sys.argv[1:]
estimator = SKLearn.attach(job)
predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large", endpoint_name=endpoint)
predictions = predictor.predict(numpy.loadtxt(rows, delimiter=","))
print("\n" + json.dumps({"predictions": numpy.asarray(predictions).tolist()}))
