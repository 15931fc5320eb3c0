from __future__ import annotations

import io
import tarfile

from moorage.devcontainer.users import UidChange, plan_uid
from moorage.spec import journal
from moorage.workspace.apply.preparation import Ids, archive

PASSWD = "root:x:0:0::/root:/bin/sh\ndev:x:1000:1000::/home/dev:/bin/sh\n"
GROUP = "root:x:0:\ndev:x:1000:\n"


def members(ids: Ids) -> list[tuple[str, tuple[int, int], int, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(archive("abc", ids))) as found:
        return [
            (each.name, (each.uid, each.gid), each.mode, (found.extractfile(each) or io.BytesIO()).read())
            for each in found
        ]


def changed() -> Ids:
    change = plan_uid(PASSWD, GROUP, "dev", 4242, 4243)
    assert isinstance(change, UidChange)
    return Ids(4242, 4243, change, "1000 1000 4242 4243 /home/dev")


def test_what_is_noted_belongs_to_the_remote_user_and_the_runner_to_root() -> None:
    found = {name: (owner, mode) for name, owner, mode, _ in members(Ids(1000, 1001))}
    assert found[f"{journal.state('abc')[1:]}/prepared"] == ((1000, 1001), 0o600)
    assert found[journal.state("abc")[1:]] == ((1000, 1001), 0o700)
    assert found[journal.RUNNER[1:]] == ((0, 0), 0o755)
    assert "etc/passwd" not in found


def test_cut_off_anywhere_the_debt_is_known_before_the_ids_change() -> None:
    """Each beginning of the archive leaves a note that tells what is still to be done."""
    found = members(changed())
    name = f"{journal.state('abc')[1:]}/prepared"
    for end in range(len(found)):
        seen = {each[0]: each[3] for each in found[: end + 1]}
        told = journal.parse({"abc/prepared": seen.get(name, b"")}, "abc")
        if "etc/passwd" in seen:
            assert told.owed == "1000 1000 4242 4243 /home/dev"
        assert told.prepared == (end == len(found) - 1)


def test_changed_user_files_stay_readable_to_all() -> None:
    found = {name: (owner, mode, data) for name, owner, mode, data in members(changed())}
    assert found["etc/passwd"][:2] == ((0, 0), 0o644)
    assert b"dev:x:4242:4243:" in found["etc/passwd"][2]
    assert b"dev:x:4243:" in found["etc/group"][2]


def test_preparing_again_loses_nothing_that_happened_since() -> None:
    seen = {name: data for name, _, _, data in members(changed())}
    files = {name.removeprefix("var/lib/moorage/"): data for name, data in seen.items()}
    told = journal.parse({**files, "abc/journal": b"run 1\ndone onCreateCommand:0\n"}, "abc")
    assert (told.prepared, told.done) == (True, ("onCreateCommand:0",))
