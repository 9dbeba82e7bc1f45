"""What a check reads of what stands there."""

from gatebook.guard.checks.candidate import digits_of, has_word, letters_and_digits


def test_separators_do_not_count() -> None:
    assert digits_of("12-3 4.5") == [1, 2, 3, 4, 5]
    assert letters_and_digits("gb29 nwbk-60") == "GB29NWBK60"


def test_digits_of_other_scripts_are_none_of_a_number() -> None:
    assert digits_of("١٢3") == [3]


def test_a_word_stands_alone_between_separators_or_in_a_name() -> None:
    assert has_word("her phone_number:", ("phone",))
    assert has_word("Phones: ", ("phone",))
    assert has_word("téléphone : ", ("téléphone",))
    assert has_word("social:724", ("social:",))
    assert not has_word("microphone", ("phone",))
    assert not has_word("phony", ("phone",))
    assert not has_word("", ("phone",))
