from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from moorage.spec.run import Content, Mount, Port, RunSpec, differences, recorded

SPEC = RunSpec(image="debian", workspace="w", name="n", content=Content(kind="none"))


def changed(**fields: object) -> RunSpec:
    return msgspec.structs.replace(SPEC, **fields)


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=6), max_size=4))
def test_a_record_holds_no_value_of_the_environment(environment: dict[str, str]) -> None:
    spec = changed(environment=tuple(environment.items()))
    names_only = recorded(changed(environment=tuple((name, "") for name in environment)))
    for value in environment.values():
        if value not in names_only:
            assert f'"{value}"' not in recorded(spec)
    assert differences(recorded(spec), spec) == ()


def test_a_changed_value_is_told_by_name_alone() -> None:
    old = changed(environment=(("TOKEN", "one"), ("GONE", "x")))
    new = changed(environment=(("TOKEN", "two"), ("NEW", "y")))
    (difference,) = differences(recorded(old), new)
    assert difference.text == "containerEnv: GONE removed, NEW added, TOKEN changed"


def test_each_field_is_told_in_the_words_of_devcontainer_json() -> None:
    cases = {
        "capAdd: with SYS_PTRACE": changed(cap_add=("SYS_PTRACE",)),
        "appPort: with 127.0.0.1:1:1": changed(ports=(Port(text="127.0.0.1:1:1"),)),
        "mounts: with cache at /c": changed(mounts=(Mount(kind="volume", source="cache", target="/c"),)),
        "init: off → on": changed(init=True),
        "overrideCommand: on → off": changed(override_command=False),
    }
    for told, spec in cases.items():
        assert [each.text for each in differences(recorded(SPEC), spec)] == [told]


def test_values_in_run_args_and_volume_options_are_hashed_too() -> None:
    spec = changed(
        extras=("-e", "TOKEN=s3cret", "--env=OTHER=s3cret", "--init"),
        mounts=(Mount(kind="volume", target="/c", options=(("volume-opt", "o=password=s3cret"),)),),
    )
    assert "s3cret" not in recorded(spec)
    assert differences(recorded(spec), spec) == ()
    other = msgspec.structs.replace(spec, extras=("-e", "TOKEN=other", "--env=OTHER=s3cret", "--init"))
    assert [each.text for each in differences(recorded(spec), other)] == ["runArgs: TOKEN changed"]


def test_labels_and_names_are_no_difference() -> None:
    assert differences(recorded(SPEC), changed(labels=(("a", "b"),), name="other", workspace="x")) == ()


def test_a_record_of_an_older_version_takes_defaults_for_what_it_lacks() -> None:
    fields = msgspec.json.decode(recorded(SPEC))
    del fields["gpu"]
    fields["from-the-future"] = 1
    assert differences(msgspec.json.encode(fields).decode(), SPEC) == ()


def test_a_record_that_cannot_be_read_is_a_difference() -> None:
    assert [each.field for each in differences("{", SPEC)] == ["record"]
