"""What ends an algorithm with a reason for its user."""


class Refused(Exception):
    """The job cannot be done as asked; the text says what to change."""
