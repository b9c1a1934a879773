"""Managers: what happens."""

from .base import Manager
from .following import FanoutPriority

__all__ = ["FanoutPriority", "Manager"]
