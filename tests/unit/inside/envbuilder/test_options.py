"""The variables: names, kinds, defaults, faults told together, and no secret in any of them."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.inside.envbuilder import values
from moorage.inside.envbuilder.options import BadVariables, Options, parse
from moorage.inside.envbuilder.table import PREFIX, VARIABLES
from moorage.inside.envbuilder.values import BadValue

SECRET = "correct-horse"


def test_nothing_given_gives_the_peers_defaults() -> None:
    found = parse({"PATH": "/bin"})
    assert found.options == Options()
    assert found.options.init_script == "sleep infinity"
    assert found.remarks == ()


def test_every_variable_fills_a_field_that_there_is() -> None:
    fields = set(Options.__struct_fields__)
    assert {variable.field for variable in VARIABLES} == fields
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES)


def test_the_environment_of_the_coder_template() -> None:
    found = parse(
        {
            "ENVBUILDER_GIT_URL": "https://host/o/r",
            "ENVBUILDER_CACHE_REPO": "",
            "CODER_AGENT_TOKEN": SECRET,
            "CODER_AGENT_URL": "https://coder",
            "ENVBUILDER_INIT_SCRIPT": "#!/bin/sh\nexec agent\n",
            "ENVBUILDER_FALLBACK_IMAGE": "codercom/enterprise-base:ubuntu",
            "ENVBUILDER_DOCKER_CONFIG_BASE64": "",
            "ENVBUILDER_PUSH_IMAGE": "",
            "ENVBUILDER_INSECURE": "false",
        }
    )
    assert found.remarks == ()
    assert found.options.coder_agent_token == SECRET
    assert found.options.init_script == "#!/bin/sh\nexec agent"
    assert not found.options.push_image


def test_a_cache_is_said_to_be_without_effect() -> None:
    found = parse({"ENVBUILDER_CACHE_REPO": "r/c", "ENVBUILDER_PUSH_IMAGE": "true"})
    assert [line.split()[0] for line in found.remarks] == ["ENVBUILDER_CACHE_REPO", "ENVBUILDER_PUSH_IMAGE"]


def test_old_names_count_and_are_told() -> None:
    found = parse({"GIT_URL": "https://host/r", "ENVBUILDER_INSECURE": "1", "INSECURE": "0"})
    assert found.options.git_url == "https://host/r"
    assert found.options.insecure
    assert found.remarks == ("GIT_URL is an old name: set ENVBUILDER_GIT_URL.",)


def test_unknown_names_are_told_with_the_nearest() -> None:
    (remark,) = parse({"ENVBUILDER_GIT_ULR": "x"}).remarks
    assert remark.endswith("Did you mean ENVBUILDER_GIT_URL?")


def test_all_faults_are_told_at_once_and_no_secret() -> None:
    with pytest.raises(BadVariables) as caught:
        parse(
            {
                "ENVBUILDER_INSECURE": "maybe",
                "ENVBUILDER_GIT_CLONE_DEPTH": "-1",
                "ENVBUILDER_WORKSPACE_FOLDER": "relative",
                "ENVBUILDER_BUILD_SECRETS": SECRET,
                "ENVBUILDER_DOCKER_CONFIG_BASE64": f"{{{SECRET}",
                "ENVBUILDER_INIT_ARGS": f"'{SECRET}",
            }
        )
    text = "\n".join((str(caught.value), *caught.value.evidence))
    assert len(caught.value.evidence) == 6
    assert "ENVBUILDER_INSECURE 'maybe': give true or false" in caught.value.evidence
    assert SECRET not in text


@pytest.mark.parametrize(
    "environ",
    [
        {"GIT_SSH_PRIVATE_KEY_PATH": "/key", "GIT_SSH_PRIVATE_KEY_BASE64": "a2V5"},
        {"PUSH_IMAGE": "true"},
        {"PUSH_IMAGE": "true", "CACHE_REPO": "r", "EXIT_ON_PUSH_FAILURE": "true"},
        {"GET_CACHED_IMAGE": "true"},
    ],
)
def test_contradictions_and_what_is_not_there(environ: dict[str, str]) -> None:
    with pytest.raises(BadVariables):
        parse({PREFIX + name: value for name, value in environ.items()})


def test_options_do_not_print() -> None:
    assert SECRET not in repr(parse({"ENVBUILDER_GIT_PASSWORD": SECRET}).options)


@given(st.dictionaries(st.sampled_from([v.name for v in VARIABLES]), st.text(max_size=30)))
def test_any_text_is_taken_or_refused(environ: dict[str, str]) -> None:
    with suppress(BadVariables):
        assert isinstance(parse(environ).options, Options)


@given(st.binary())
def test_base64_in_lines(data: bytes) -> None:
    assert values.encoded(base64.encodebytes(data).decode()) == data


@given(st.lists(st.text(st.characters(exclude_characters='",\r\n', exclude_categories=["Cs"]), min_size=1)))
def test_lists(items: list[str]) -> None:
    assert values.names(",".join(items)) == tuple(item.strip() for item in items if item.strip())


def test_a_comma_stands_in_quotes() -> None:
    assert values.pairs('A=1,"B=x,y"') == (("A", "1"), ("B", "x,y"))


@pytest.mark.parametrize("text", ["yes", "TrUe", "2", "٣"])
def test_what_go_reads_as_no_boolean(text: str) -> None:
    with pytest.raises(BadValue):
        values.switch(text)
