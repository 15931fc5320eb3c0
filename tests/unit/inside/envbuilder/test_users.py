"""Whom a name means, with all groups."""

from __future__ import annotations

import pytest

from moorage.inside.envbuilder.users import Person, UserMissing, person

PASSWD = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/bash\n"
GROUP = "root:x:0:\nann:x:1000:\ndocker:x:999:bob,ann\nwheel:x:10:ann\nbad\n"


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ("ann", Person(name="ann", uid=1000, gid=1000, groups=(1000, 999, 10), home="/home/ann")),
        ("1000", Person(name="ann", uid=1000, gid=1000, groups=(1000, 999, 10), home="/home/ann")),
        ("ann:docker", Person(name="ann", uid=1000, gid=999, home="/home/ann")),
        ("ann:5", Person(name="ann", uid=1000, gid=5, home="/home/ann")),
        ("4321", Person(name="4321", uid=4321, home="/")),
        ("", Person(groups=(0,))),
        ("root", Person(groups=(0,))),
    ],
)
def test_who_it_is(user: str, found: Person) -> None:
    assert person(user, PASSWD, GROUP) == found


def test_root_needs_no_file() -> None:
    assert person("root", "", "") == Person()


@pytest.mark.parametrize("user", ["bob", "ann:none"])
def test_who_is_not_there(user: str) -> None:
    with pytest.raises(UserMissing):
        person(user, PASSWD, GROUP)
