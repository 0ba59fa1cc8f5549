"""scikit-learn's linear models and tree ensembles, served by ONNX Runtime where that answers as scikit-learn does.

`convert` says a model in ONNX's operators, `samples` draws rows that tell two models apart, `front` starts the native worker, compares,
and lets it answer in Python's place.
"""
