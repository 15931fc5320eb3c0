"""Which values count: given ones, kept ones, defaults; and which are refused, all at once."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.spec.template import Templated, read, recorded
from moorage.templates.choosing import Given, choose, settled
from moorage.templates.errors import BadParameters, NotAvailable, ParametersMissing
from moorage.templates.references import substitute, written
from moorage.templates.template import Choice, Mapping, Setting, Template, Type, Validation
from moorage.templates.values import BadValue, from_text, typed

TEMPLATE = Template(
    name="ours",
    folder="/ours",
    reference="ours",
    parameters=(
        Setting(kind="parameter", name="repo", required=True),
        Setting(
            kind="parameter", name="memory", type="number", default=2, mutable=True,
            validation=Validation(min=1, max=8),
        ),
        Setting(
            kind="parameter", name="disk", type="number", default=10, mutable=True,
            validation=Validation(monotonic="increasing"),
        ),
        Setting(kind="parameter", name="tools", type="list", default=(), mutable=True,
                options=(Choice(value="vim"), Choice(value="git"))),
        Setting(kind="parameter", name="anew", type="bool", default=False, mutable=True, ephemeral=True),
        Setting(kind="parameter", name="fallback", default="", mutable=True, unavailable="not yet"),
    ),
    variables=(
        Setting(kind="variable", name="image", default="alpine", mutable=True, aliases=("git_image",)),
    ),
    workspace=Mapping(
        source="${parameter.repo}",
        options={"gitImage": "${variable.image}"},
        run_args=["--memory=${parameter.memory}g"],
        mounts=["${parameter.tools}"],
        rebuild="${parameter.anew}",
    ),
)  # fmt: skip


def chosen(kept: Templated | None = None, /, **parameters: object) -> Templated:
    return settled(TEMPLATE, choose(TEMPLATE, Given(parameters=parameters), kept)).record


def refused(kept: Templated | None = None, /, **parameters: object) -> str:
    with pytest.raises(BadParameters) as caught:
        choose(TEMPLATE, Given(parameters=parameters), kept)
    return "\n".join((caught.value.message, *caught.value.evidence))


def test_values_become_a_source_options_and_the_rest() -> None:
    given_ = Given(parameters={"repo": "https://x/y", "memory": "1.5", "anew": "true", "tools": "vim,git"})
    found = settled(TEMPLATE, choose(TEMPLATE, given_))
    assert (found.record.source, found.rebuild) == ("https://x/y", True)
    assert found.record == Templated(
        template="ours",
        parameters={
            "repo": "https://x/y",
            "memory": 1.5,
            "disk": 10,
            "tools": ("vim", "git"),
            "fallback": "",
        },
        source="https://x/y",
        options={"gitImage": "alpine"},
        run_args=("--memory=1.5g",),
        mounts=("vim", "git"),
    )


def test_what_is_missing_is_named_all_together() -> None:
    needy = msgspec.structs.replace(
        TEMPLATE, variables=(Setting(kind="variable", name="image", required=True),)
    )
    with pytest.raises(ParametersMissing) as caught:
        settled(needy, choose(needy, Given()))
    assert caught.value.message == "The template ours needs what was not given: image, repo."
    assert "--variable image=… --parameter repo=…" in caught.value.hint


def test_everything_wrong_is_told_at_once() -> None:
    told = refused(memory="99", diks="1", tools="vim,emacs", anew="perhaps")
    assert told.splitlines() == [
        "4 values for the template ours are wrong.",
        "There is no parameter diks. Did you mean disk?",
        "anew must be true or false, not \"perhaps\".",
        "memory must be at most 8, not 99.",
        "tools must be one of vim, git, not 'emacs'.",
    ]  # fmt: skip


def test_a_workspace_keeps_its_values() -> None:
    kept = chosen(repo="r", memory="4", anew="true")
    assert chosen(kept) == kept
    again = choose(TEMPLATE, Given(parameters={"memory": "6"}), kept)
    assert again.changes == ("memory 4 → 6",)
    assert again.values["parameter.repo"] == "r"
    assert again.values["parameter.anew"] is False


def test_what_is_fixed_stays_and_what_grows_does_not_shrink() -> None:
    kept = chosen(repo="r", disk="20")
    assert refused(kept, repo="other", disk="15").splitlines()[1:] == [
        "repo is fixed when a workspace is made: it is 'r' and cannot become 'other'.",
        "disk can only be increased: it is 20, not 15.",
    ]
    assert chosen(kept, repo="r", disk="20") == kept


def test_a_parameter_that_the_template_got_later_can_be_given_once() -> None:
    kept = msgspec.structs.replace(chosen(repo="r"), parameters={"memory": 2})
    assert choose(TEMPLATE, Given(parameters={"repo": "r"}), kept).values["parameter.repo"] == "r"


def test_a_kept_value_that_no_longer_fits_needs_another() -> None:
    kept = msgspec.structs.replace(chosen(repo="r"), parameters={"repo": "r", "memory": 64})
    assert "the template has changed, so give another value" in refused(kept)
    assert chosen(kept, memory="8").parameters["memory"] == 8


def test_variables_follow_the_template_but_for_those_that_were_given() -> None:
    first = settled(
        TEMPLATE, choose(TEMPLATE, Given(parameters={"repo": "r"}, variables={"git_image": "own"}))
    )
    assert first.record.variables == {"image": "own"}
    changed = msgspec.structs.replace(
        TEMPLATE, variables=(msgspec.structs.replace(TEMPLATE.variables[0], default="newer"),)
    )
    plain = chosen(repo="r")
    assert settled(changed, choose(changed, Given(), plain)).record.options == {"gitImage": "newer"}
    assert settled(changed, choose(changed, Given(), first.record)).record.options == {"gitImage": "own"}


def test_what_cannot_take_effect_yet_is_refused_with_its_reason() -> None:
    with pytest.raises(NotAvailable) as caught:
        chosen(repo="r", fallback="debian")
    assert caught.value.evidence == ("fallback: not yet",)
    assert chosen(repo="r", fallback="").parameters["fallback"] == ""


@pytest.mark.parametrize("text", ["https://me:secret@host/x", "a\nb", "x" * 5000, "\x1b[2J"])
def test_a_text_that_cannot_be_kept_is_refused(text: str) -> None:
    told = refused(repo=text)
    assert "secret" not in told


def test_two_names_of_one_setting_are_refused() -> None:
    with pytest.raises(BadParameters, match="image is given twice"):
        choose(TEMPLATE, Given(variables={"image": "a", "git_image": "b"}))


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("string", "010", "010"),
        ("number", " 010 ", 10),
        ("number", "2.0", 2),
        ("bool", "TRUE", True),
        ("list", '["a,b", 1]', ("a,b", "1")),
        ("list", " a , b ,", ("a", "b")),
        ("list", "", ()),
    ],
)
def test_texts_become_values(type_: Type, text: str, value: object) -> None:
    assert from_text(text, Setting(kind="parameter", name="x", type=type_)) == value


@pytest.mark.parametrize(
    ("type_", "text"), [("number", "x"), ("number", "true"), ("number", ""), ("bool", "1"), ("list", "[1")]
)
def test_texts_of_another_form_are_refused(type_: Type, text: str) -> None:
    with pytest.raises(BadValue):
        from_text(text, Setting(kind="parameter", name="x", type=type_))


VALUES = {
    "parameter.n": 4, "parameter.f": 0.5, "parameter.b": True, "parameter.l": ("a", "b"), "parameter.s": "x",
    "parameter.none": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("${parameter.n}", 4),
        ("${parameter.b}", True),
        ("${parameter.l}", ["a", "b"]),
        ("${parameter.n}Gi", "4Gi"),
        ("${parameter.f}/${parameter.l}", "0.5/a,b"),
        ("$${parameter.n}", "${parameter.n}"),
        ("a $${x} ${parameter.s}", "a ${x} x"),
        ("${parameter.none}", None),
        ("${parameter.none}Gi", None),
        (["a", "${parameter.none}", "${parameter.n}"], ["a", 4]),
        ({"a": "${parameter.none}", "b": {"c": "${parameter.b}"}}, {"b": {"c": True}}),
        (7, 7),
    ],
)
def test_references_are_filled_in(value: object, found: object) -> None:
    assert substitute(value, VALUES) == found


@given(st.text(max_size=60))
def test_a_text_without_references_stays_as_it_is(text: str) -> None:
    assert substitute(text.replace("${", "$${"), {}) == text or "$${" in text


SETTINGS = st.builds(
    Setting,
    kind=st.just("parameter"),
    name=st.just("x"),
    type=st.sampled_from(["string", "number", "bool", "list"]),
)


@given(SETTINGS, st.text(max_size=40))
def test_a_value_that_was_taken_is_taken_again_from_what_is_kept(setting: Setting, text: str) -> None:
    try:
        value = from_text(text, setting)
    except BadValue:
        return
    record = Templated(template="x", parameters={"x": value})
    kept = read(recorded(record))
    assert kept == record
    back = kept.parameters["x"]
    assert typed(list(back) if isinstance(back, tuple) else back, setting) == value
    assert from_text(written(value), setting) == value or setting.type in ("string", "list")
