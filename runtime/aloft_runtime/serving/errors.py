"""What a request can be refused for. `status` is the HTTP status of the answer."""


class RequestError(Exception):
    """The request cannot be served as it is; the message is for the caller."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
        self.message = message


class LoadError(Exception):
    """The model cannot be loaded; the message becomes the endpoint's FailureReason."""
