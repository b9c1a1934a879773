"""Signal receivers."""


def connect() -> None:
    """Connect the receivers."""
