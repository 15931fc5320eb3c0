"""Images with Features, built by BuildKit and by the classic builder."""

from __future__ import annotations

import json

import pytest

from moorage.builders.engine.errors import BuildFailed
from moorage.image.features.failure import failed

SH = "#!/bin/sh\nset -e\n"
SEES = """#!/bin/sh
set -e
printf %s "$TEXT" > /text
echo "$FLAG,$_REMOTE_USER,$_REMOTE_USER_HOME,$_CONTAINER_USER" > /seen
mkdir -p /opt/first/bin
printf '#!/bin/sh\\necho tool\\n' > /opt/first/bin/tool
chmod 755 /opt/first/bin/tool
umask > /umask
id -u > /id
cp data/file /data
test -x data/file
"""
NASTY = 'it\'s "q" $HOME `id` $(touch /evil)\nsecond line \\'


async def test_scripts_see_options_users_and_the_environment_so_far(site):
    first = site.feature(
        "first",
        SEES,
        value={"text": NASTY},
        options={"text": {"type": "string"}, "flag": {"type": "boolean", "default": True}},
        containerEnv={"PATH": "/opt/first/bin:${PATH}", "QUOTED": 'a "b" \\ c', "SEEN": "${PATH}"},
    )
    (site.folder / "first/data").mkdir()
    (site.folder / "first/data/file").write_text("data")
    second = site.feature("second", SH + "tool > /order\n", init=True, mounts=["source=v,target=/v"])
    await site.build("moorage-test/devcontainer", first, second, remote="vscode")
    shown = site.run(
        "sh", "-c", "cat /text; echo; cat /seen /umask /id /data /order; ls -A /tmp; test ! -e /evil"
    )
    assert shown.startswith(NASTY)
    assert shown[len(NASTY) :].splitlines()[1:] == [
        "true,vscode,/home/vscode,root",
        "0022",
        "0",
        "datatool",
    ]
    config = site.config()
    environment = dict(each.split("=", 1) for each in config["Env"])
    assert environment["PATH"].startswith("/opt/first/bin:/usr")
    assert environment["QUOTED"] == 'a "b" \\ c'
    assert environment["SEEN"] == environment["PATH"]
    assert json.loads(config["Labels"]["devcontainer.metadata"]) == [
        {"id": "./first"},
        {"id": "./second", "init": True, "mounts": ["source=v,target=/v"]},
    ]


async def test_a_change_in_the_last_leaves_the_others_cached(site):
    first = site.feature("first", SH + f"echo {site.token} > /first\n")
    one, two = (f"{SH}echo {number} {site.token} > /second\n" for number in (1, 2))
    await site.build("busybox", first, site.feature("second", one))
    changed = await site.build("busybox", first, site.feature("second", two))
    assert changed.cached_steps >= 2
    assert site.run("cat", "/first", "/second").split() == [site.token, "2", site.token]
    again = await site.build("busybox", site.feature("second", two), first)
    assert again.cached_steps < 2


async def test_caches_of_package_managers_are_not_in_the_image(site):
    base = await site.base(
        "FROM debian:bookworm-slim",
        "RUN rm -rf /var/lib/apt/lists/* && mkdir -p /var/lib/apt/lists/partial /var/cache/apk"
        " && touch /var/cache/apk/of-the-base",
    )
    await site.build(
        base,
        site.feature(
            "packages",
            SH + "touch /var/lib/apt/lists/x_main /var/cache/apt/archives/a.deb /var/cache/apk/index\n"
            "mkdir -p /root/.npm/_cacache/1 /root/.cache/pip/2\n",
        ),
    )
    script = "ls -A /var/lib/apt/lists /root/.npm; ls /var/cache/apt/archives /root/.cache; ls /var/cache/apk"
    shown = site.run("bash", "-c", script)
    assert "x_main" not in shown
    assert "a.deb" not in shown
    assert "_cacache" not in shown
    assert "pip" not in shown
    assert "of-the-base" in shown
    assert "index" in shown


async def test_a_failure_is_told_as_the_feature_that_failed(site):
    installs = (
        site.feature("good", SH),
        site.feature("bad", SH + "echo before the end\nexit 7\n", documentationURL="https://example.com/bad"),
    )
    with pytest.raises(BuildFailed) as caught:
        await site.build("busybox", *installs)
    error = caught.value
    assert error.line > 3
    made = site.generate("busybox", *installs)
    told = failed(
        installs, made.dockerfile, line=error.line, said=error.message, evidence=tuple(error.evidence)
    )
    assert told is not None
    assert (
        told.message == 'The Feature "The bad" (./bad) failed to install: install.sh ended with exit code 7.'
    )
    assert "before the end" in told.evidence
    assert any('ERROR: Feature "The bad" (bad) failed to install!' in line for line in told.evidence)
    assert "https://example.com/bad" in told.hint


async def test_an_image_with_a_user_a_shell_and_an_entrypoint_of_its_own(site):
    base = await site.base(
        "FROM moorage-test/devcontainer",
        'ENTRYPOINT ["/bin/false"]',
        'SHELL ["/bin/bash", "-c"]',
        "WORKDIR /work/place",
        "ONBUILD RUN echo built > /home/vscode/on-build",
        "USER vscode",
    )
    await site.build(base, site.feature("who", SH + "id -u > /who\n"), user="vscode", remote="vscode")
    config = site.config()
    assert (config["User"], config["Entrypoint"]) == ("vscode", ["/bin/false"])
    assert config["WorkingDir"] == "/work/place"
    shown = site.docker("run", "--rm", "--entrypoint", "/bin/cat", site.tag, "/who", "/home/vscode/on-build")
    assert shown.split() == ["0", "built"]


async def test_an_image_with_nothing_but_a_shell(site):
    base = await site.base("FROM busybox", "RUN rm -rf /etc/passwd /etc/group /tmp")
    text = SH + 'echo "($_REMOTE_USER_HOME)($_CONTAINER_USER_HOME)" > /homes\n'
    await site.build(base, site.feature("homes", text), remote="1234")
    assert site.run("cat", "/homes") == "()(/root)"


async def test_an_image_without_a_shell(site):
    install = site.feature("any", SH)
    with pytest.raises(BuildFailed) as caught:
        await site.build("moorage-test/static", install)
    told = failed(
        [install],
        site.generate("moorage-test/static", install).dockerfile,
        line=caught.value.line,
        said=caught.value.message,
        evidence=tuple(caught.value.evidence),
    )
    assert told is not None
    assert "/bin/sh" in told.hint, told.evidence
