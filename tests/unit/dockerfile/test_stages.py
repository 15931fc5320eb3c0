"""Targets, the stages that they need, and the images that these come from."""

from __future__ import annotations

import pytest

from moorage.dockerfile.errors import BrokenDockerfile, UnknownTarget
from moorage.dockerfile.parse import parse
from moorage.dockerfile.platform import platform_arguments
from moorage.dockerfile.stages import external_images, reachable, stages

PLATFORM = platform_arguments("linux/arm/v7", "linux/amd64")

MANY = """\
# syntax=docker/dockerfile:1
ARG BASE=debian:bookworm
FROM $BASE AS Build
RUN make
FROM golang:1.22 AS tools
FROM alpine AS unused
FROM build AS dev
COPY --from=tools /go /go
RUN --mount=type=bind,from=busybox,target=/b x
COPY --from=0 /x /x
FROM scratch AS empty
COPY --from=BUILD /out /
"""


def order(text: str, target: str | None = None, **arguments: str) -> list[str | int]:
    return [s.name or s.index for s in reachable(parse(text), target, arguments, PLATFORM)]


def images(
    text: str, target: str | None = None, contexts: tuple[str, ...] = (), **arguments: str
) -> list[str]:
    dockerfile = parse(text)
    needed = reachable(dockerfile, target, arguments, PLATFORM, contexts)
    return [image.reference for image in external_images(dockerfile, needed, contexts)]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (None, ["Build", "empty"]),
        ("dev", ["Build", "tools", "dev"]),
        ("DEV", ["Build", "tools", "dev"]),
        ("tools", ["tools"]),
        ("3", ["Build", "tools", "dev"]),
        ("0", ["Build"]),
    ],
)
def test_a_target_needs_only_some_stages(target: str | None, expected: list[str]) -> None:
    assert order(MANY, target) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (None, ["debian:bookworm", "docker/dockerfile:1"]),
        ("dev", ["debian:bookworm", "golang:1.22", "busybox", "docker/dockerfile:1"]),
        ("unused", ["alpine", "docker/dockerfile:1"]),
    ],
)
def test_images_from_outside(target: str | None, expected: list[str]) -> None:
    assert images(MANY, target) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian", "debian"),
        ("FROM  debian  as  x", "debian"),
        ("ARG V\nFROM debian:${V:-12}", "debian:12"),
        ("ARG V=12\nFROM debian:$V", "debian:12"),
        ("ARG A=1 B=${A}2\nFROM x:$B", "x:12"),
        ("ARG A=1\nARG B=$A\nFROM x:$B", "x:1"),
        ("FROM x-$TARGETARCH$TARGETVARIANT", "x-armv7"),
        ("ARG TARGETARCH=s390x\nFROM x-$TARGETARCH", "x-s390x"),
        ('FROM "debian"', "debian"),
        ("FROM r.example:5000/x@sha256:abc", "r.example:5000/x@sha256:abc"),
        ("FROM x:\\\n1", "x:1"),
    ],
)
def test_from_is_expanded(text: str, expected: str) -> None:
    assert stages(parse(text), {}, PLATFORM)[0].base == expected


def test_given_arguments_win_and_need_a_declaration() -> None:
    assert images("ARG V=12\nFROM debian:$V", V="13") == ["debian:13"]
    with pytest.raises(BrokenDockerfile, match="V has no value"):
        images("FROM $V", V="13")


def test_an_argument_of_a_stage_is_not_global() -> None:
    with pytest.raises(BrokenDockerfile, match="V has no value"):
        images("FROM a\nARG V=b\nFROM ${V}")


def test_a_from_without_an_image_says_which_argument_is_missing() -> None:
    with pytest.raises(
        BrokenDockerfile, match=r"Dockerfile:2: FROM \$VARIANT names no image: VARIANT"
    ) as caught:
        images("ARG VARIANT\nFROM $VARIANT\n")
    assert "build.args" in caught.value.hint


def test_platforms() -> None:
    dockerfile = parse("FROM --platform=$BUILDPLATFORM a AS b\nFROM c\nCOPY --from=b x y\n")
    needed = reachable(dockerfile, None, {}, PLATFORM)
    found = [(image.reference, image.platform) for image in external_images(dockerfile, needed)]
    assert found == [("a", "linux/amd64"), ("c", None)]


def test_named_contexts_replace_images_and_stages() -> None:
    assert images("FROM a AS b\nFROM c\nCOPY --from=b x y", contexts=("b",)) == ["c"]
    assert images("FROM a AS b\nFROM b", contexts=("b",)) == []
    assert images("FROM a\nCOPY --from=b x y", contexts=("A", "b")) == []


def test_the_nearest_earlier_stage_of_a_name_is_meant() -> None:
    dockerfile = parse("FROM a AS x\nFROM b AS x\nFROM x\n")
    assert stages(dockerfile, {}, PLATFORM)[2].parent == 1


def test_a_name_that_is_defined_later_is_an_image_for_from_and_a_stage_for_copy() -> None:
    assert images("FROM later\nFROM b AS later\n", "0") == ["later"]
    assert order("FROM a AS one\nCOPY --from=later x y\nFROM b AS later\n", "one") == ["later", "one"]


def test_an_unknown_target_names_the_nearest() -> None:
    with pytest.raises(UnknownTarget, match="no stage develop") as caught:
        order("FROM a AS development\nFROM b AS prod", "develop")
    assert caught.value.hint == "Did you mean development?"
    assert caught.value.evidence == ("The stages are development, prod.",)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("FROM a AS b\nCOPY --from=b x y", "needs itself"),
        ("FROM a AS b\nCOPY --from=c x y\nFROM a AS c\nCOPY --from=b x y", "needs itself"),
        ("FROM a\nCOPY --from=7 x y", "no stage number 7"),
        ("FROM a\nCOPY --from=$X x y", "cannot use a variable"),
        ("FROM a\nRUN --mount=type=bind,from=${X},target=/x y", "cannot use a variable"),
        ("FROM a b", "FROM needs one image"),
        ("FROM a AS", "FROM needs one image"),
        ("FROM", "FROM needs one image"),
        ("FROM ${A", "cannot expand"),
    ],
)
def test_broken_stages(text: str, says: str) -> None:
    with pytest.raises(BrokenDockerfile, match=says):
        images(text)


def test_a_long_chain_of_stages() -> None:
    text = "FROM a AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(1500))
    assert len(order(text)) == 1501


def test_platform_arguments() -> None:
    found = platform_arguments("linux/arm64", stage="dev")
    assert found["TARGETPLATFORM"] == found["BUILDPLATFORM"] == "linux/arm64"
    assert (found["TARGETARCH"], found["TARGETVARIANT"], found["TARGETSTAGE"]) == ("arm64", "", "dev")
