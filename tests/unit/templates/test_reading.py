"""A template.yaml is read as a whole: what it says, and every fault with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.templates.document import parse, scalar
from moorage.templates.errors import BadTemplate
from moorage.templates.reading import read
from moorage.templates.template import Template

GOOD = """\
display_name: Ours
driver: docker
variables:
  image: { type: string, default: alpine }
parameters:
  memory:
    type: number
    default: 2
    mutable: true
    order: 2
    validation: { min: 1, max: 8, monotonic: increasing }
  repo:
    order: 1
workspace:
  source: ${parameter.repo}
  options:
    gitImage: ${variable.image}
  run_args: ["--memory=${parameter.memory}g"]
"""


def load(text: str) -> Template:
    return read(parse(text.encode(), "template.yaml"), "ours", "/ours")


def faults(text: str) -> list[str]:
    with pytest.raises(BadTemplate) as caught:
        load(text)
    error = caught.value
    return list(error.evidence) if error.message.startswith("The template") else [error.message]


def test_a_template_says_what_can_be_chosen() -> None:
    template = load(GOOD)
    assert template.display_name == "Ours"
    assert [each.name for each in template.parameters] == ["repo", "memory"]
    repo, memory = template.parameters
    assert (repo.required, repo.type, repo.mutable) == (True, "string", False)
    assert (memory.required, memory.default, memory.validation.monotonic) == (False, 2, "increasing")
    assert template.variables[0].default == "alpine"
    assert template.workspace.source == "${parameter.repo}"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("display_name:", "display-name:"), "1:1: display-name is not a key that is known here"),
        (("driver: docker", "driver: dokcer"), "2:9: driver must be one of docker, kubernetes"),
        (("default: 2", "default: two"), '8:14: memory must be a number, not "two"'),
        (("default: 2", "default: 9"), "8:14: the default does not fit: memory must be at most 8, not 9"),
        (
            ("mutable: true", "mutable: yes"),
            "9:14: parameters.memory.mutable must be true or false, not a text",
        ),
        (("mutable: true", "mutable: false"), "11:46: parameters.memory.validation.monotonic has no meaning"),
        (("min: 1", "min: 9"), "11:32: parameters.memory.validation.max is below min"),
        (("order: 1", "options: [a, a]"), "13:18: parameters.repo.options[1] is there twice"),
        (("order: 1", "validation: { regex: '(' }"), "13:26: parameters.repo.validation.regex is no regular"),
        (("order: 1", "validation: { min: 1 }"), "13:19: parameters.repo.validation.min is for a number"),
        (
            ("order: 1", "mutable: true"),
            "15:11: a workspace is known by its source, so repo cannot be mutable",
        ),
        (
            ("order: 1", "ephemeral: true"),
            "13:16: parameters.repo.ephemeral needs `mutable: true` and a default",
        ),
        (("order: 1", "unavailable: not yet"), "13:18: parameters.repo.unavailable needs a default"),
        (("order: 1", "aliases: [memory]"), "6:3: memory already stands for repo"),
        (("${parameter.memory}", "${parameter.memroy}"), "18:14: ${parameter.memroy} refers to nothing"),
        (("${parameter.memory}", "${memory}"), "18:14: ${memory} refers to nothing"),
        (
            ("gitImage:", "gitimage:"),
            "17:5: workspace.options.gitimage is not an option of the docker driver",
        ),
        (("alpine", "'al pine'"), "17:15: The option gitImage cannot be 'al pine'"),
        (("  source: ${parameter.repo}\n", ""), "14:1: workspace.source is missing"),
        (("  repo:\n", "  repo:\n  repo:\n"), "13:3: parameters.repo is there twice"),
    ],
)
def test_a_fault_is_told_with_its_place(change: tuple[str, str], told: str) -> None:
    assert change[0] in GOOD
    found = faults(GOOD.replace(*change, 1))
    assert any(each.startswith(f"template.yaml:{told}") for each in found), found


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("driver: docker", "driver: dokcer").replace("default: 2", "default: x")
    found = faults(text.replace("gitImage", "gitImages"))
    assert [each.split(":")[1] for each in found] == ["2", "8", "17"]
    assert "Did you mean gitImage?" in found[2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [1", "1:6: this is not YAML"),
        ("a: &x 1\nb: *x\n", "2:4: aliases (*name) are not read"),
        ("a: !!python/object:os.system x\n", "1:4: the tag"),
        ("- a\n", "1:1: the file must be a mapping"),
        ("", "1:1: the file must be a mapping"),
        ("a: " + "[" * 60, "1:4"),
        ("? [a]\n: b\n", "1:3: a key must be a text"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        load(text)
    assert caught.value.message.startswith(f"template.yaml:{told}")


def test_scalars_are_those_of_yaml_1_2() -> None:
    read_ = [scalar(text) for text in ("no", "010", "1:30", "~", "TRUE", "1e3", ".5", "2024-01-01")]
    assert read_ == ["no", 10, "1:30", None, True, 1000.0, 0.5, "2024-01-01"]


@given(st.text(max_size=200))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = text.encode(errors="surrogateescape") if text.isascii() else b"\xff"
    assert told(data)


def told(data: bytes) -> str:
    """What is said of it: the source of a template, else what is wrong with it and where."""
    try:
        return str(read(parse(data, "template.yaml"), "x", "/x").workspace.source)
    except BadTemplate as error:
        return next(line for line in (error.message, *error.evidence) if "template.yaml" in line)


KEYS = st.sampled_from(
    ["parameters", "variables", "workspace", "source", "options", "type", "default", "validation", "min", "x"]
)
LEAVES = st.sampled_from(
    ["string", "number", "${parameter.x}", "1", "true", "null", "[]", "{}", "'${'", "$${a}", "-1", "''"]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.dictionaries(KEYS, inner, max_size=4).map(
            lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
        ),
    ),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, TREES, max_size=5))
def test_any_tree_of_known_words_is_a_template_or_refused(tree: dict[str, str]) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in tree.items())
    assert told(text.encode())
