"""Reading the runner's log, in any pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moorage.lifecycle.log import Begun, Ended, Line, Over, Printed, Reader, Record, Skipped, kept

TOKEN = "0123456789abcdef01234567"


def read(data: bytes, *, pieces: int = 0) -> list[Record]:
    reader = Reader(TOKEN)
    size = pieces or len(data) or 1
    records = [
        record for place in range(0, len(data), size) for record in reader.feed(data[place : place + size])
    ]
    return [*records, *reader.close()]


def own(text: str) -> bytes:
    return f"\n{TOKEN} {text}\n".encode()


def test_every_record() -> None:
    data = own("run 3") + own("skip 1 a:0") + own("begin 2 b:0/a name") + b"hello\n" + own("end 2 0 ended")
    data += own("end 3 124 overdue") + own("end 4 143 cancelled") + own("over failed")
    assert read(data) == [
        Skipped(1, "a:0"),
        Begun(2, "b:0/a name"),
        Printed(0, "hello"),
        Ended(2, 0, "ended"),
        Ended(3, 124, "overdue"),
        Ended(4, 143, "cancelled"),
        Over(False),
    ]


def test_blank_lines_of_a_command_stay_and_the_runners_go() -> None:
    data = own("begin 1 a") + b"\n\nx\n\n" + own("end 1 0 ended")
    assert [record.text for record in read(data) if isinstance(record, Printed)] == ["", "", "x", ""]


def test_a_line_without_an_end_is_a_line() -> None:
    data = own("begin 1 a") + b"no newline" + own("over ok")
    assert read(data) == [Begun(1, "a"), Printed(0, "no newline"), Over(True)]
    assert read(b"cut o") == [Printed(0, "cut o")]


def test_commands_side_by_side_are_told_apart() -> None:
    data = f"{TOKEN}:1 one\n{TOKEN}:2 \npart{TOKEN}:1 two words\r\n".encode()
    assert read(data) == [Printed(1, "one"), Printed(2, ""), Printed(0, "part"), Printed(1, "two words")]


def test_a_very_long_line_comes_in_parts() -> None:
    records = read(b"x" * 200_000 + b"\n", pieces=10_000)
    assert sum(len(record.text) for record in records if isinstance(record, Printed)) == 200_000
    assert len(records) > 2


TEXTS = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=20)


@given(st.lists(TEXTS), st.integers(1, 50))
def test_pieces_do_not_matter(lines: list[str], pieces: int) -> None:
    data = own("begin 1 a") + "".join(f"{line}\n" for line in lines).encode() + own("end 1 0 ended")
    expected = [Begun(1, "a"), *(Printed(0, line) for line in lines), Ended(1, 0, "ended")]
    assert read(data, pieces=pieces) == expected == read(data)


@given(st.lists(TEXTS), st.binary(max_size=100))
def test_what_is_printed_never_is_the_runners(lines: list[str], noise: bytes) -> None:
    data = "".join(f"\n{'f' * 24} over ok\n{line}\n" for line in lines).encode() + noise
    assert all(isinstance(record, Printed) for record in read(data))


def test_kept_logs_are_read_in_order_with_headings() -> None:
    first = own("run 2") + own("begin 1 a:0") + b"hi\n" + own("end 1 3 ended") + own("over failed")
    second = own("run 10") + own("begin 1 b/x") + own("begin 2 b/y")
    second += f"{TOKEN}:1 from x\n".encode() + own("end 2 143 cancelled")
    files = {"c1/10.log": second, "c1/2.log": first, "c1/10.run/pid.1": b"1", "c1/3.log": b""}
    assert list(kept(files)) == [
        Line(run=2, key="a:0", text="a:0", heading=True),
        Line(run=2, key="a:0", text="hi"),
        Line(run=2, key="a:0", text="a:0 failed with exit code 3", heading=True),
        Line(run=10, key="b/x", text="b/x", heading=True),
        Line(run=10, key="b/y", text="b/y", heading=True),
        Line(run=10, key="b/x", text="from x"),
        Line(run=10, key="b/y", text="b/y was ended because a sibling failed", heading=True),
    ]
