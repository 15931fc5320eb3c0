"""The table of what works: complete, and true to what is rendered."""

from __future__ import annotations

from moorage.devcontainer.properties import Configuration
from moorage.drivers.docker.flags import TABLE as DOCKER
from moorage.drivers.kubernetes import support
from moorage.drivers.kubernetes.flags import TABLE
from moorage.drivers.kubernetes.known import Known
from moorage.drivers.kubernetes.options import Options
from moorage.drivers.kubernetes.render import drafted
from moorage.spec.run import Content, RunSpec


def test_every_property_has_a_row() -> None:
    assert {row.name for row in support.PROPERTIES} == set(Configuration.__struct_encode_fields__)


def test_every_flag_that_docker_takes_is_known_with_the_same_form() -> None:
    assert set(TABLE) == set(DOCKER)
    assert {name for name, flag in TABLE.items() if flag.bare} == {
        name for name, flag in DOCKER.items() if flag.bare
    }


def test_rows_say_something_and_are_unique() -> None:
    rows = support.rows()
    assert all(row.how.endswith(".") for row in rows)
    assert len({row.name for row in rows}) == len(rows)


def test_refused_and_warned_flags_are_refused_and_warned_about() -> None:
    for name, flag in TABLE.items():
        argument = f"--{name}" if flag.bare else f"--{name}=1"
        if flag.effect == "effect":
            continue
        spec = RunSpec(image="x", workspace="1", name="n", content=Content(kind="none"), extras=(argument,))
        draft = drafted(spec, Options(), Known())
        assert bool(draft.refusals) == (flag.effect == "refused"), name
        assert bool(draft.warnings) == (flag.effect == "warned"), name
