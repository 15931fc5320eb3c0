"""Tables, ages and sizes for people."""

from __future__ import annotations

from moorage.cli.table import age, details, size, table


def test_columns_line_up_and_nothing_trails() -> None:
    text = table([["NAME", "STATE"], ["a-long-name", "up"], ["b", ""]])
    assert text.splitlines() == ["NAME         STATE", "a-long-name  up", "b"]


def test_what_a_stranger_named_cannot_move_the_cursor() -> None:
    assert "\x1b" not in table([["A"], ["\x1b[2Jx"]])
    assert "\x1b" not in details([("a", "\x1b]0;x\x07y")])


def test_details_leave_out_what_is_not_known() -> None:
    assert details([("a", "1"), ("longer", ""), ("bb", "2")]).splitlines() == ["a   1", "bb  2"]
    assert details([]) == ""


def test_further_lines_of_a_value_stand_below_its_first() -> None:
    assert details([("hook", "one\ntwo\n"), ("a", "1")]).splitlines() == ["hook  one", "      two", "a     1"]


def test_ages_in_their_largest_unit() -> None:
    assert [age(seconds) for seconds in (-3, 5, 60, 7200, 200000)] == ["0 s", "5 s", "1 min", "2 h", "2 d"]


def test_sizes_in_units_of_a_thousand() -> None:
    assert [size(count) for count in (0, 999, 1000, 176_624_950, 10**13)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "176.6 MB",
        "10.0 TB",
    ]
