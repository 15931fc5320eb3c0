from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.devcontainer.metadata import Merged
from moorage.devcontainer.users import (
    UidChange,
    Unchanged,
    User,
    container_user,
    find_user,
    plan_uid,
    remote_user,
    run_args_user,
    user_name,
)

PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
# a comment
+::::::
snode:x:900:900::/home/snode:/bin/sh
node:x:1000:1000:Node, the user:/home/node:/bin/bash
uidasgid:x:1500:1234::/home/uidasgid:/bin/sh
"""
GROUP = """root:x:0:
daemon:x:1:
snode:x:900:node
node:x:1000:
taken:x:1300:
"""


def planned(user: str = "node", uid: int = 1234, gid: int = 1235) -> UidChange | Unchanged:
    return plan_uid(PASSWD, GROUP, user, uid, gid)


@pytest.mark.parametrize(
    ("run_args", "expected"),
    [
        ([], None),
        (["-u", "dev"], "dev"),
        (["-udev"], "dev"),
        (["-u=dev"], "dev"),
        (["--user", "dev:staff"], "dev:staff"),
        (["--user=1000"], "1000"),
        (["-itu", "dev"], "dev"),
        (["-u", "a", "--user=b"], "b"),
        (["--userns=host", "--ulimit", "x"], None),
        (["-u"], None),
        (["-v", "/u:/u"], None),
    ],
)
def test_the_user_of_run_args(run_args: list[str], expected: str | None) -> None:
    assert run_args_user(run_args) == expected


@pytest.mark.parametrize(
    ("merged", "run_args", "image_user", "container", "remote"),
    [
        (Merged(), [], "", "", "root"),
        (Merged(), [], "node", "node", "node"),
        (Merged(container_user="c"), [], "node", "c", "c"),
        (Merged(container_user="c"), ["-u", "r"], "node", "r", "r"),
        (Merged(container_user="c", remote_user="x"), ["-u", "r"], "node", "r", "x"),
    ],
)
def test_who_runs(merged: Merged, run_args: list[str], image_user: str, container: str, remote: str) -> None:
    assert container_user(merged, run_args, image_user) == container
    assert remote_user(merged, run_args, image_user) == remote


def test_the_group_is_no_part_of_the_name() -> None:
    assert user_name("dev:staff") == "dev"


def test_find_user_by_name_or_id() -> None:
    node = User(name="node", uid=1000, gid=1000, home="/home/node", shell="/bin/bash")
    assert find_user(PASSWD, "node") == find_user(PASSWD, "1000") == node
    assert find_user(PASSWD, "nobody") is None
    assert find_user("1000:x:5:5::/:/bin/sh\n" + PASSWD, "1000") == User(
        name="1000", uid=5, gid=5, home="/", shell="/bin/sh"
    )
    assert find_user("", "0") is None


def test_both_ids_change_and_nothing_else() -> None:
    change = planned()
    assert isinstance(change, UidChange)
    assert change.passwd == PASSWD.replace("node:x:1000:1000:N", "node:x:1234:1235:N")
    assert change.group == GROUP.replace("node:x:1000:", "node:x:1235:")
    assert (change.home, change.old_uid, change.old_gid) == ("/home/node", 1000, 1000)
    assert (change.new_uid, change.new_gid) == (1234, 1235)


def test_a_primary_group_number_is_not_a_user_number() -> None:
    assert isinstance(planned(uid=1234), UidChange)  # uidasgid has 1234 as its group only


@pytest.mark.parametrize("gid", [1300, 900])
def test_a_group_id_that_is_taken_leaves_the_group(gid: int) -> None:
    change = planned(gid=gid)
    assert isinstance(change, UidChange)
    assert (change.new_uid, change.new_gid, change.group) == (1234, 1000, GROUP)


@pytest.mark.parametrize(
    ("user", "uid", "gid", "reason"),
    [
        ("nobody", 1234, 1234, "/etc/passwd has no user nobody"),
        ("node", 1000, 1000, "node has the ids 1000:1000 already"),
        ("node:staff", 1000, 1000, "node has the ids 1000:1000 already"),
        ("node", 900, 1235, "the id 900 belongs to snode"),
        ("node", 0, 0, "the id 0 belongs to root"),
        ("node", 1000, 1300, "the group id 1300 cannot be given to node's group"),
        ("root", 1000, 1000, "root is not a user whose ids can change"),
        ("1000", 1001, 1001, "1000 is not a user whose ids can change"),
    ],
)
def test_when_the_ids_stay(user: str, uid: int, gid: int, reason: str) -> None:
    assert planned(user, uid, gid) == Unchanged(reason)


def test_a_group_that_others_share_stays() -> None:
    passwd = PASSWD + "other:x:1001:1000::/home/other:/bin/sh\n"
    change = plan_uid(passwd, GROUP, "node", 1234, 1235)
    assert isinstance(change, UidChange)
    assert (change.new_gid, change.group) == (1000, GROUP)


def test_the_group_of_root_stays() -> None:
    change = plan_uid("app:x:1001:0::/app:/bin/sh\n", "root:x:0:\n", "app", 1234, 1235)
    assert isinstance(change, UidChange)
    assert change.group == "root:x:0:\n"


@pytest.mark.parametrize("home", ["/", "", "relative", "/home", "/home/../etc", "/home/snode"])
def test_only_a_home_of_ones_own_is_handed_over(home: str) -> None:
    change = plan_uid(PASSWD.replace("/home/node:", f"{home}:"), GROUP, "node", 1234, 1235)
    assert isinstance(change, UidChange)
    assert change.home == ""


def test_a_text_without_a_last_newline_stays_without() -> None:
    change = plan_uid("a:x:5:5::/home/a:/bin/sh", "a:x:5:", "a", 6, 6)
    assert isinstance(change, UidChange)
    assert change.passwd == "a:x:6:6::/home/a:/bin/sh"
    assert change.group == "a:x:6:"


ids = st.integers(1, 6)
people: Any = st.dictionaries(
    st.sampled_from(["ab", "b", "abc", "c"]), st.tuples(ids, ids), min_size=1, max_size=4
)
groups: Any = st.dictionaries(st.sampled_from(["ab", "b", "abc", "c"]), ids, max_size=4)


@given(people, groups, st.sampled_from(["ab", "b", "abc"]), ids, ids)
def test_a_change_gives_no_id_twice_and_touches_nobody_else(
    users: dict[str, tuple[int, int]], named: dict[str, int], user: str, uid: int, gid: int
) -> None:
    passwd = "".join(f"{name}:x:{u}:{g}::/home/{name}:/bin/sh\n" for name, (u, g) in users.items())
    group = "".join(f"{name}:x:{number}:\n" for name, number in named.items())
    change = plan_uid(passwd, group, user, uid, gid)
    if isinstance(change, Unchanged):
        return
    assert find_user(change.passwd, user) == User(
        name=user, uid=uid, gid=change.new_gid, home=f"/home/{user}", shell="/bin/sh"
    )
    for name in users:
        if name != user:
            assert find_user(change.passwd, name) == find_user(passwd, name)
            assert users[name][0] != change.new_uid or uid == change.old_uid
    again = plan_uid(change.passwd, change.group, user, uid, gid)
    assert isinstance(again, Unchanged)
