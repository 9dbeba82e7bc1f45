"""Garbage is searched for seldom, and still found."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from gatebook.app.garbage import search_seldom


class Node:
    """Refers to itself, so that nobody but the search lets go of it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_was_there_before_is_not_searched_again() -> None:
    node = Node()
    search_seldom()
    assert not any(each is node for each in gc.get_objects())


def test_garbage_is_found_once_there_is_much_that_is_new() -> None:
    search_seldom()
    seen = weakref.ref(Node())
    a_little: list[list[int]] = [[] for _ in range(10_000)]
    assert seen() is not None
    much: list[list[int]] = [[] for _ in range(100_000)]
    assert seen() is None
    del a_little, much
