"""System checks."""


def connect() -> None:
    """Register the checks."""
