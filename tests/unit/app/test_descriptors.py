"""A gate has the descriptors that its connections need, or says that it cannot."""

import resource

import pytest

from gatebook.app.descriptors import make_room
from gatebook.core.errors import Misconfigured

NO_END = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((1024, 4096), [(2256, 4096)]),
        ((1024, NO_END), [(2256, NO_END)]),
        ((2256, 2256), []),
        ((65536, 65536), []),
        ((NO_END, NO_END), []),
    ],
)
def test_as_many_as_are_needed_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, before: tuple[int, int], after: list[tuple[int, int]]
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: before)
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    make_room(1000)
    assert asked == after


def test_connections_that_do_not_fit_are_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 2255))
    with pytest.raises(Misconfigured, match=r"1000 .* 2256 .* 2255 .*connection_limit") as caught:
        make_room(1000)
    assert caught.value.code == "descriptors_too_few"
