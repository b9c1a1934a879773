"""Managers: what happens."""

from .base import Manager
from .follows import FanoutPriority

__all__ = ["FanoutPriority", "Manager"]
