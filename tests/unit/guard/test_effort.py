"""What is left out because of a limit is never silent."""

from gatebook.guard.effort import Effort


def test_more_items_than_allowed_are_noticed() -> None:
    effort = Effort(10)
    assert list(effort.first("abc", 2)) == ["a", "b"]
    assert not effort.is_complete


def test_as_many_as_allowed_are_all() -> None:
    effort = Effort(10)
    assert list(effort.first("abc", 3)) == ["a", "b", "c"]
    assert effort.is_complete


def test_decoding_has_a_ceiling_and_a_floor() -> None:
    assert Effort(10_000_000).decoded == 65_536
    assert Effort(1).decoded == 4_096
    assert Effort(2_000).decoded == 8_000
