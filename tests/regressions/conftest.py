"""The site of the flows."""

from tests.flows.conftest import any_site, site, storage

__all__ = ["any_site", "site", "storage"]
