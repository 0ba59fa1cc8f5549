"""A SageMaker script-mode entry point: trains a classifier on the CSV files of the channel `train`, and loads it for serving."""

import argparse
import glob
import os

import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--regularization", type=float, default=1.0)
    parser.add_argument("--max-iterations", type=int, default=500)
    arguments = parser.parse_args()

    files = sorted(glob.glob(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "*.csv")))
    table = pd.concat([pd.read_csv(name) for name in files])
    print(f"read {len(table)} rows of {table.shape[1] - 1} features from {len(files)} file(s)")
    features, labels = table.drop(columns="target").to_numpy(), table["target"].to_numpy()
    train_x, test_x, train_y, test_y = train_test_split(features, labels, random_state=0, stratify=labels)

    model = make_pipeline(StandardScaler(), LogisticRegression(C=arguments.regularization, max_iter=arguments.max_iterations))
    model.fit(train_x, train_y)
    print(f"train_accuracy={model.score(train_x, train_y):.4f}")
    print(f"test_accuracy={model.score(test_x, test_y):.4f}")
    joblib.dump(model, os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))


def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))


if __name__ == "__main__":
    main()
