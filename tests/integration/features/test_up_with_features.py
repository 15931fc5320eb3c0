"""Features through the command line: of registries and folders, with a lockfile, on any image."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from moorage.oci.client import Client
from tests.integration.facts.published import metadata, namespace, publish
from tests.outside import Cli, Docker, Images, Traces
from tests.unit.facts.archives import member, tar

Workspace = Callable[..., Path]


def files(id: str, script: str, **more: object) -> dict[str, str]:
    """A Feature in the project's own .devcontainer folder."""
    raw = {"id": id, "version": "1.0.0", "name": id.title(), **more}
    return {
        f".devcontainer/{id}/devcontainer-feature.json": json.dumps(raw),
        f".devcontainer/{id}/install.sh": f"#!/bin/sh\nset -e\n{script}\n",
    }


async def published(place: str, id: str, script: str, **more: object) -> str:
    """A Feature in a registry; gives its reference."""
    document = metadata(id, **more)
    layer = tar(
        member("./devcontainer-feature.json", json.dumps(document).encode()),
        member("./install.sh", f"#!/bin/sh\nset -e\n{script}\n".encode(), mode=0o755),
    )
    async with Client() as client:
        await publish(client, place, document, tags=("1", "latest"), layer=layer)
    return f"{place}/{id}:1"


def test_local_features_with_everything_that_they_may_bring(
    moorage: Cli, workspace: Workspace, images: Images, docker: Docker
) -> None:
    first = files(
        "first",
        'echo "$GREETING|$_REMOTE_USER|$_REMOTE_USER_HOME|$_CONTAINER_USER" > /etc/first',
        options={"greeting": {"type": "string", "default": "hi"}},
        containerEnv={"FROM_FIRST": "yes", "PATH": "/opt/first:${PATH}"},
        postCreateCommand="echo first >> /tmp/order",
    )
    second = files(
        "second",
        "test -f /etc/first; printf '#!/bin/sh\\ntouch /tmp/entry\\n' > /init.sh; chmod +x /init.sh",
        installsAfter=["./first"],
        entrypoint="/init.sh",
        capAdd=["SYS_PTRACE"],
        init=True,
        mounts=[{"type": "volume", "source": "moorage-test-${devcontainerId}", "target": "/data"}],
        postCreateCommand={"a": "echo second >> /tmp/order"},
    )
    folder = workspace(
        {
            "image": images.devcontainer,
            "remoteUser": "vscode",
            "features": {"./second": {}, "./first": {"greeting": 'it\'s "$(id)"\n`x`'}},
            "postCreateCommand": "echo own >> /tmp/order",
        },
        files={**first, **second},
    )
    container = moorage.ok("up", folder, "--output", "json").json()["container"]
    script = 'cat /etc/first /tmp/order; echo "$FROM_FIRST $PATH"; ls /tmp/entry'
    told = moorage.ok("exec", folder, "--", "sh", "-c", script).stdout
    assert told.startswith('it\'s "$(id)"\n`x`|vscode|/home/vscode|root\nfirst\nsecond\nown\nyes /opt/first:')
    assert told.endswith("/tmp/entry\n")
    found = json.loads(docker("inspect", container))
    assert found[0]["HostConfig"]["CapAdd"] in (["SYS_PTRACE"], ["CAP_SYS_PTRACE"])
    assert found[0]["HostConfig"]["Init"] is True
    assert [each["Destination"] for each in found[0]["Mounts"] if each["Type"] == "volume"] == ["/data"]
    assert not (folder / ".devcontainer" / "devcontainer-lock.json").exists()


async def test_a_registrys_feature_is_locked_and_found_again_without_it(
    moorage: Cli, workspace: Workspace, images: Images, registry: str
) -> None:
    place = namespace(registry)
    base = await published(place, "base", "echo base > /base")
    reference = await published(place, "tool", "cp /base /tool", dependsOn={base: {}})
    folder = workspace({"image": images.debian, "features": {reference: {}}})
    moorage.ok("up", folder)
    assert moorage.ok("exec", folder, "--", "cat", "/tool").stdout == "base\n"
    lock = json.loads((folder / ".devcontainer" / "devcontainer-lock.json").read_text())
    assert list(lock["features"]) == sorted([base, reference])
    assert lock["features"][reference]["dependsOn"] == [base]

    await published(place, "tool", "echo newer > /tool", description="newer")
    again = moorage.ok("up", folder, "--recreate", "--output", "json").json()
    assert "build-features" not in again["steps"], "the lock pins the first, whose image is there"

    gone = {**lock, "features": {base: lock["features"][base]}}
    (folder / ".devcontainer" / "devcontainer-lock.json").write_text(json.dumps(gone))
    code, _, told = moorage("up", folder, "--recreate", "--frozen-lockfile")
    assert (code, "Lockfile does not match." in told) == (3, True)


async def test_a_dockerfile_gets_features_on_top_and_each_is_built_once(
    moorage: Cli, workspace: Workspace, images: Images, registry: str, cleanup: Traces
) -> None:
    reference = await published(
        namespace(registry), "tool", "cat /below > /tool; id -un >> /tool", description=cleanup.token
    )
    folder = workspace(
        {"build": {"dockerfile": "Dockerfile"}, "features": {reference: {}}, "remoteUser": "vscode"},
        files={
            ".devcontainer/Dockerfile": f"FROM {images.devcontainer}\nRUN echo below > /below\n"
            f"USER vscode\nLABEL test={cleanup.token}\n",
        },
    )
    first = moorage.ok("up", folder, "--output", "json").json()["steps"]
    assert first[:3] == ["write-lockfile", "build-image", "build-features"]
    assert moorage.ok("exec", folder, "--", "sh", "-c", "cat /tool; id -un").stdout == "below\nroot\nvscode\n"
    again = moorage.ok("up", folder, "--recreate", "--output", "json").json()["steps"]
    assert not [step for step in again if step.startswith("build")]
    edited = f"FROM {images.devcontainer}\nRUN echo other > /below\nUSER vscode\n"
    edited += f"LABEL test={cleanup.token}\n"
    (folder / ".devcontainer" / "Dockerfile").write_text(edited)
    told = moorage.ok("up", folder).stderr
    assert "Dockerfile line 2 changed: RUN echo other > /below" in told
    assert "Feature" not in told.partition("Dockerfile line 2")[2].partition("\n")[0]


def test_what_changed_in_features_is_told(moorage: Cli, workspace: Workspace, images: Images) -> None:
    configuration = {"image": images.debian, "features": {"./one": {"x": "1"}}}
    options = {"x": {"type": "string", "default": ""}}
    parts = {**files("one", "true", options=options), **files("two", "true")}
    folder = workspace(configuration, files=parts)
    moorage.ok("up", folder)
    assert moorage.ok("up", folder, "--output", "json").json()["steps"] == []
    workspace({**configuration, "features": {"./one": {"x": "2"}, "./two": {}}})
    changed = moorage.ok("up", folder, "--output", "json").json()
    assert [each["text"] for each in changed["differences"]] == [
        "options of Feature ./one changed",
        "Feature ./two is new",
    ]
    assert changed["steps"] == []


def test_a_feature_that_fails_is_named_and_nothing_is_left(
    moorage: Cli, workspace: Workspace, images: Images, cleanup: Traces
) -> None:
    broken = files("broken", "echo about to fail; exit 7", documentationURL="https://example.com/broken")
    folder = workspace({"image": images.debian, "features": {"./broken": {}}}, files=broken)
    code, _, told = moorage("up", folder)
    assert code == 6
    assert 'The Feature "Broken" (./broken) failed to install' in told
    assert "exit code 7" in told
    assert "about to fail" in told
    assert "https://example.com/broken" in told
    assert cleanup.containers() == []


def test_a_circle_of_features_is_told_with_its_path(
    moorage: Cli, workspace: Workspace, images: Images
) -> None:
    parts = {**files("a", "true", dependsOn={"./b": {}}), **files("b", "true", dependsOn={"./a": {}})}
    code, _, told = moorage("up", workspace({"image": images.debian, "features": {"./a": {}}}, files=parts))
    assert (code, "./a → ./b → ./a" in told or "./b → ./a → ./b" in told) == (3, True)


def test_plan_tells_the_features_and_changes_nothing(
    moorage: Cli, workspace: Workspace, images: Images
) -> None:
    folder = workspace({"image": images.debian, "features": {"./one": {}}}, files=files("one", "true"))
    told = moorage.ok("plan", folder).stdout
    assert "Install 1 Feature: one" in told
    assert "Create container" in told


def test_features_of_the_command_line(moorage: Cli, workspace: Workspace, images: Images) -> None:
    options = {"version": {"type": "string", "default": "0"}}
    parts = files("one", 'echo "$VERSION" > /one', options=options)
    folder = workspace({"image": images.debian}, files=parts)
    moorage.ok("up", folder, "--feature", "./one=3")
    assert moorage.ok("exec", folder, "--", "cat", "/one").stdout == "3\n"


def test_build_labels_a_published_image_with_features_and_configuration(
    moorage: Cli, workspace: Workspace, images: Images, registry: str, docker: Docker
) -> None:
    parts = files("one", "true", postCreateCommand="echo feature")
    folder = workspace(
        {"image": images.debian, "features": {"./one": {}}, "postCreateCommand": "echo own"}, files=parts
    )
    repository = f"{namespace(registry)}/built"
    made = moorage.ok("build", folder, "--repository", repository, "--push", "--output", "json").json()
    assert made["pushed"] is True
    text = docker("inspect", "-f", '{{index .Config.Labels "devcontainer.metadata"}}', made["reference"])
    hooks = [each.get("postCreateCommand") for each in json.loads(text)]
    assert hooks == ["echo feature", "echo own"]


@pytest.mark.old_engine
def test_on_an_old_engine(old_moorage: Cli, workspace: Workspace, images: Images) -> None:
    parts = files("one", 'echo "$_REMOTE_USER" > /one', postCreateCommand="cat /one")
    folder = workspace(
        {"image": images.devcontainer, "remoteUser": "vscode", "features": {"./one": {}}}, files=parts
    )
    old_moorage.ok("up", folder)
    assert old_moorage.ok("exec", folder, "--", "cat", "/one").stdout == "vscode\n"
