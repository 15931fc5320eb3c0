import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.builders.engine.carriage import carry, take_out
from moorage.builders.engine.errors import BadBuildArgument, BuildSecretMissing
from moorage.dockerfile import words
from moorage.dockerfile.expand import expand
from moorage.dockerfile.parse import parse
from moorage.spec.build import BuildSecret, BuildSpec

FILE = "ARG HOME\nFROM x\n# about\nARG A=1 PATH \\\n  B='b c'\nRUN y\n"


def spec(dockerfile=FILE, **more):
    return BuildSpec(tag="t", dockerfile=dockerfile, dockerfile_name="Dockerfile", context="/c", **more)


def test_values_travel_in_the_environment():
    value = 'a\'b\nc "ü" $X'
    carried = carry(spec(args=(("A", value), ("EMPTY", ""))), {"PATH": "/bin"})
    assert carried.environment == {"PATH": "/bin", "A": value, "EMPTY": ""}
    assert carried.names == ("A", "EMPTY")
    assert carried.dockerfile == FILE


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "DOCKER_HOST", "LD_PRELOAD", "BUILDX_BUILDER", "SSH_AUTH_SOCK"]
)
def test_names_that_buildx_needs_keep_their_values(name):
    own = {"PATH": "/bin", "HOME": "/home/me", "DOCKER_HOST": "unix:///x"}
    carried = carry(spec(f"FROM x\nARG {name}\n", args=((name, "it's"),)), own)
    assert carried.environment == own
    assert carried.names == ()
    assert parse(carried.dockerfile).instructions[1].line == 2
    assert words.pairs(parse(carried.dockerfile).instructions[1].arguments)[0][0] == name


def test_such_a_value_becomes_the_default_on_the_same_line():
    carried = carry(spec(args=(("PATH", "/o p:$X"), ("HOME", "/h"), ("A", "2"))), {"PATH": "/bin"})
    assert carried.dockerfile == "ARG HOME='/h'\nFROM x\n# about\nARG A=1 PATH='/o p:$X' B='b c'\n\nRUN y\n"
    assert carried.names == ("A",)


@given(st.text(st.characters(exclude_characters="\0\n\r", exclude_categories=["Cs"]), max_size=30))
def test_any_value_on_one_line_comes_through(value):
    carried = carry(spec("FROM x\nARG PATH\n", args=(("PATH", value),)), {})
    default = words.pairs(parse(carried.dockerfile).instructions[1].arguments)[0][1]
    assert expand(default or "", {}) == value


@pytest.mark.parametrize(
    ("name", "value"), [("", "x"), ("A=B", "x"), ("A", "\0"), ("A", "x" * 140_000), ("PATH", "a\nb")]
)
def test_what_cannot_be_passed_is_refused_without_its_value(name, value):
    with pytest.raises(BadBuildArgument) as caught:
        carry(spec(args=((name, value),)), {})
    assert len(value) < 2 or value not in str(caught.value)


def test_build_arguments_among_the_options_are_taken_out():
    options = ("--network=host", "--build-arg", "A=s3cret=1", "--build-arg=B=2", "--build-arg", "C", "--pull")
    assert take_out(options) == (
        ("--network=host", "--build-arg", "C", "--pull"),
        {"A": "s3cret=1", "B": "2"},
    )
    carried = carry(spec(options=options, args=(("A", "0"),)), {})
    assert carried.environment == {"A": "s3cret=1", "B": "2"}
    assert "s3cret" not in " ".join((*carried.names, *carried.options))


def test_a_proxy_of_the_build_is_not_buildx_s_own():
    args = (("HTTPS_PROXY", "http://build:1"),)
    assert carry(spec(args=args), {}).environment["NO_PROXY"] == "*"
    assert "NO_PROXY" not in carry(spec(args=args), {"https_proxy": "http://mine:1"}).environment
    both = (*args, ("NO_PROXY", "x"))
    assert carry(spec(args=both), {}).environment["NO_PROXY"] == "x"


def test_secrets_from_variables_get_a_name_of_their_own():
    secrets = (BuildSecret(id="a", file="/f"), BuildSecret(id="b", variable="TOKEN"))
    carried = carry(spec(secrets=secrets, args=(("TOKEN", "not this"),)), {"TOKEN": "s3cret"})
    assert carried.environment["MOORAGE_BUILD_SECRET_1"] == "s3cret"
    assert carried.environment["TOKEN"] == "not this"


def test_a_secret_without_its_variable_is_refused():
    with pytest.raises(BuildSecretMissing, match="TOKEN"):
        carry(spec(secrets=(BuildSecret(id="b", variable="TOKEN"),)), {})
