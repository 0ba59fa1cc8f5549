"""The Python model worker: HTTP on a Unix socket, the SageMaker handler functions, codecs, processes."""
