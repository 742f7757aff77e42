"""Names of classes: what may be one, and how it is written where a tool needs plain letters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnn.storage.names import class_fault, is_shown, one_form, plain, plain_names, printable


@given(st.text())
def test_plain_names_suit_every_tool(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_+][A-Za-z0-9._+-]{0,63}", plain(text))


@given(st.lists(st.text(max_size=3), max_size=12))
def test_plain_names_differ(names: list[str]) -> None:
    found = plain_names(names)
    assert len({name.casefold() for name in found}) == len(names)
    assert all(one == plain(one) for one in found)


@given(st.text(max_size=200))
def test_a_class_name_is_shown_as_it_is(name: str) -> None:
    if class_fault(name) is None:
        assert printable(name) == name == one_form(name) == name.strip()
        name.encode()  # no half of a pair
    else:
        assert not name or len(name) > 128 or name != name.strip() or name[0] == "." or name != one_form(name) or (
            not all(map(is_shown, name))
        )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [("hässlich", "hasslich"), ("Ø 5 mm", "O_5_mm"), ("</script>", "_script_"), ("..", "_"), ("-rf", "_rf"), ("", "_")],
)
def test_plain(name: str, expected: str) -> None:
    assert plain(name) == expected
