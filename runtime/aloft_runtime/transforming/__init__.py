"""Batch transform: objects -> records -> payloads -> the model -> objects."""
