"""
What every storage promises, as tests.

    class MyStorageTests(StorageContract, TestCase):
        def make_storage(self):
            return MyStorage("default", {"HOSTS": ["10.0.0.1"]})

`ComparedWithMemory` (in `.comparison`, needs hypothesis) adds random operations beside the memory storage's.
"""

from .arrivals import ArrivalsContract
from .bodies import BodiesContract
from .floors import FloorsContract
from .many import ManyContract
from .marks import ListenersContract, MarksContract
from .reading import ReadingContract
from .writing import WritingContract

__all__ = ["StorageContract"]


class StorageContract(
    WritingContract,
    FloorsContract,
    ArrivalsContract,
    ReadingContract,
    ManyContract,
    MarksContract,
    ListenersContract,
    BodiesContract,
):
    """
    Mix into a TestCase and say how to make a storage. Keys are new in each test, and deleted after it; so are marks.
    """
