"""What runs inside the sandbox of a job or a model worker; standard library only."""
