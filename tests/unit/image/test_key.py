"""The key moves with what decides an image and with nothing else; label and words explain each move."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from moorage.dockerfile.evaluate import evaluate
from moorage.dockerfile.parse import parse
from moorage.dockerfile.platform import platform_arguments
from moorage.dockerfile.reads import reads
from moorage.dockerfile.stages import external_images, reachable
from moorage.image.explain import explain
from moorage.image.key import Inputs, digest, inputs, key, tag
from moorage.image.label import label, parse_label

TEXT = """\
# syntax=docker/dockerfile:1
ARG VARIANT=bookworm
FROM debian:$VARIANT AS base
ARG EXTRA=one
RUN apt-get update \\
 && apt-get install -y git
FROM base AS other
COPY other /other
FROM base
COPY . /app
ADD https://user:password@example.com/a.tgz?token=secret /a
COPY --from=busybox /bin/sh /sh
RUN --mount=type=bind,source=tools,target=/t make
"""
PLATFORM = platform_arguments("linux/amd64")


def made(
    text: str = TEXT,
    *,
    arguments: Mapping[str, str] | None = None,
    images: Mapping[str, str] | None = None,
    files: Mapping[int, str] | None = None,
    target: str | None = None,
    pins: Mapping[str, str] | None = None,
    secrets: tuple[str, ...] = (),
    options: Mapping[str, object] | None = None,
    contexts: Mapping[str, str] | None = None,
    platform: str = "linux/amd64",
) -> Inputs:
    dockerfile = parse(text)
    given = arguments or {}
    needed = reachable(dockerfile, target, given, PLATFORM, contexts or {})
    evaluation = evaluate(dockerfile, needed, given, PLATFORM)
    found = reads(evaluation)
    identities = {
        i.reference: digest(i.reference) for i in external_images(dockerfile, needed, contexts or {})
    }
    return inputs(
        evaluation,
        found,
        platform=platform,
        images={**identities, **(images or {})},
        files={**{item.line: digest("files") for item in found.items}, **(files or {})},
        arguments=given,
        target=target,
        pins=pins,
        secrets=secrets,
        options=options,
        contexts=contexts,
        syntax=dockerfile.syntax,
    )


def test_the_same_inputs_give_the_same_key() -> None:
    assert key(made()) == key(made())
    assert len(key(made())) == 64


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("ARG VARIANT", "# a comment\n\nARG VARIANT"),
        TEXT.replace("COPY other /other", "COPY another /other"),
        TEXT.replace("RUN apt-get update \\\n", "RUN apt-get update \\\n# why\n"),
        TEXT.replace("COPY . /app", "copy   .   /app".replace("   ", " ")),
        TEXT + "\n\n",
    ],
)
def test_what_does_not_decide(text: str) -> None:
    assert key(made(text)) == key(made())


def test_a_tag_and_a_digest_of_one_image_are_one_key() -> None:
    one = made("FROM debian:12", images={"debian:12": "sha256:x"})
    two = made("FROM debian@sha256:abc", images={"debian@sha256:abc": "sha256:x"})
    assert key(one) == key(two)


def test_an_argument_that_nobody_declares_does_not_decide() -> None:
    assert key(made(arguments={"UNUSED": "1", "HTTP_PROXY": "http://p"})) == key(made())
    assert key(made(arguments={"SOURCE_DATE_EPOCH": "0"})) != key(made())


def test_swapped_bases_are_another_image() -> None:
    text = "FROM a AS x\nFROM b\nCOPY --from=x /f /f\n"
    swapped = "FROM b AS x\nFROM a\nCOPY --from=x /f /f\n"
    assert key(made(text)) != key(made(swapped))


CHANGES: list[tuple[Inputs, tuple[str, ...]]] = [
    (
        made(TEXT.replace("install -y git", "install -y vim")),
        ("Dockerfile line 5 changed: RUN apt-get update && apt-get install -y vim",),
    ),
    (made(TEXT + "RUN last\n"), ("Dockerfile line 14 is new: RUN last",)),
    (
        made(TEXT.replace("COPY . /app\n", "")),
        ("Dockerfile: the instruction that was on line 10 is gone",),
    ),
    (made(arguments={"EXTRA": "two"}), ("build argument EXTRA changed",)),
    (
        made(arguments={"VARIANT": "trixie"}),
        ("base image changed: debian:bookworm → debian:trixie",),
    ),
    (made(images={"debian:bookworm": "sha256:new"}), ("base image debian:bookworm moved",)),
    (made(images={"busybox": "sha256:new"}), ("base image busybox moved",)),
    (made(images={"docker/dockerfile:1": "sha256:new"}), ("base image docker/dockerfile:1 moved",)),
    (made(files={10: "other"}), ("files that Dockerfile line 10 copies changed: COPY . /app",)),
    (
        made(files={13: "other"}),
        ("files that Dockerfile line 13 mounts changed: RUN --mount=type=bind,source=tools,target=/t make",),
    ),
    (
        made(pins={"https://user:password@example.com/a.tgz?token=secret": "sha256:p"}),
        ("what ADD downloads from https://example.com/a.tgz changed",),
    ),
    (made(secrets=("npm",)), ("build secret npm is new",)),
    (made(options={"network": "none"}), ("build option network is new",)),
    (made(platform="linux/arm64"), ("the platform changed: linux/amd64 → linux/arm64",)),
]


@pytest.mark.parametrize(("now", "words"), CHANGES, ids=[words[0][:40] for _, words in CHANGES])
def test_each_change_moves_the_key_and_is_named(now: Inputs, words: tuple[str, ...]) -> None:
    recorded = parse_label(label(made()))
    assert key(now) != key(made())
    assert explain(recorded, now) == words


def test_heredocs_decide() -> None:
    text = "FROM a\nRUN <<EOF\none\nEOF\n"
    assert key(made(text)) != key(made(text.replace("one", "two")))


def test_another_target_is_another_image() -> None:
    assert key(made(target="other")) != key(made())
    assert any("target" in line for line in explain(made(), made(target="other")))


def test_a_named_context_decides_by_its_digest() -> None:
    one, two = (made(contexts={"busybox": content}) for content in ("1", "2"))
    assert key(one) != key(two)
    assert "busybox" not in one.images


def test_explaining_is_never_silent() -> None:
    assert explain(None, made())
    assert explain(made(), made())


def test_several_changes_are_all_named() -> None:
    now = made(TEXT.replace("VARIANT=bookworm", "VARIANT=sid").replace("-y git", "-y vim"), files={10: "x"})
    assert len(explain(parse_label(label(made())), now, "dev/Dockerfile")) == 3


def test_a_download_without_checksum_is_unpinned() -> None:
    assert made().unpinned == ("ADD https://example.com/a.tgz has no checksum",)
    assert made("FROM a\nADD --checksum=sha256:ab https://example.com/a /a").unpinned == ()


def test_a_missing_identity_or_digest_is_no_key() -> None:
    dockerfile = parse("FROM a\nCOPY . /x")
    evaluation = evaluate(dockerfile, reachable(dockerfile, None, {}, {}), {}, {})
    with pytest.raises(KeyError):
        inputs(evaluation, reads(evaluation), platform="p", images={}, files={2: "x"})
    with pytest.raises(KeyError):
        inputs(evaluation, reads(evaluation), platform="p", images={"a": "x"}, files={})


def test_the_label_is_compact_and_holds_no_values() -> None:
    text = label(made(arguments={"EXTRA": "hunter2"}))
    assert len(text) < 1200
    for secret in ("hunter2", "password", "secret", "user"):
        assert secret not in text


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"v":99,"g":"1","p":"x"}', "\udc80", '{"v":1,"g":1,"p":"x"}']
)
def test_a_damaged_label_is_no_label(text: str) -> None:
    assert parse_label(text) is None


def test_the_tag() -> None:
    image_key = key(made())
    assert tag(image_key) == f"moorage/devcontainer:{image_key[:32]}"
    assert tag(image_key, "r.example:5000/team/dev") == f"r.example:5000/team/dev:{image_key[:32]}"
