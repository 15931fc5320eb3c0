"""Credential plugins as programs: what they are told, what they answer, and how they fail."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path

import pytest

from moorage.kube import credentials
from moorage.kube.access import Access, Impersonation, Pem, Plugin, User
from moorage.kube.credentials import Credentials
from moorage.kube.errors import CredentialsFailed
from moorage.kube.plugin import ask, info, read

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
ENVIRON = dict(os.environ)


def script(folder: Path, text: str, **fields: object) -> Access:
    """An access whose plugin is a shell script."""
    path = folder / "login"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    plugin = Plugin(**({"version": V1, "command": str(path)} | fields))  # type: ignore[arg-type]
    return Access(
        server="https://a:6443", user=User(plugin=plugin), authority=Pem(data=b"pem"), origin="test"
    )


def answer(version: str = V1, **status: str) -> str:
    return "echo '" + json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}) + "'"


@pytest.mark.parametrize("version", [V1, V1BETA1])
async def test_a_token_comes_out(tmp_path: Path, version: str) -> None:
    access = script(tmp_path, answer(version, token="secret"), version=version)
    identity = await Credentials(access, ENVIRON).identity()
    assert identity.headers == {"Authorization": "Bearer secret"}
    assert "secret" not in repr(identity)


async def test_a_certificate_comes_out(tmp_path: Path) -> None:
    access = script(tmp_path, answer(clientCertificateData="cert", clientKeyData="key"))
    identity = await Credentials(access, ENVIRON).identity()
    assert (identity.certificate, identity.key) == (Pem(data=b"cert"), Pem(data=b"key"))


async def test_it_is_told_arguments_variables_and_cluster(tmp_path: Path) -> None:
    text = f'printf "%s\\n" "$1" "$A" "$KUBERNETES_EXEC_INFO" > {tmp_path}/told\n' + answer(token="t")
    access = script(
        tmp_path,
        text,
        arguments=("one two",),
        environment=(("A", "b"),),
        cluster_info=True,
        cluster=b'{"audience":5}',
    )
    await Credentials(access, ENVIRON).identity()
    first, second, told = (tmp_path / "told").read_text().splitlines()
    assert (first, second) == ("one two", "b")
    assert json.loads(told) == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {
            "interactive": False,
            "cluster": {
                "server": "https://a:6443",
                "certificate-authority-data": base64.b64encode(b"pem").decode(),
                "config": {"audience": 5},
            },
        },
    }


def test_the_cluster_is_told_only_where_it_is_asked_for() -> None:
    plugin = Plugin(version=V1, command="x")
    assert json.loads(info(plugin, Access(server="https://a")))["spec"] == {"interactive": False}


async def test_it_is_asked_once_until_its_credentials_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = f"echo >> {tmp_path}/count\n"
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    known = Credentials(script(tmp_path, count + answer(token="t", expirationTimestamp=ends)), ENVIRON)
    for _ in range(3):
        await known.identity()
    assert (tmp_path / "count").read_text() == "\n"
    now = time.time()
    monkeypatch.setattr(credentials.time, "time", lambda: now + 3595)
    assert (await known.identity()).number == 2
    assert (tmp_path / "count").read_text() == "\n\n"


async def test_a_refusal_makes_it_asked_again(tmp_path: Path) -> None:
    known = Credentials(
        script(
            tmp_path,
            f"n=$(cat {tmp_path}/n 2>/dev/null || echo 0); echo $((n+1)) > {tmp_path}/n\n"
            f'printf \'{{"apiVersion":"{V1}","kind":"ExecCredential","status":{{"token":"t%s"}}}}\' "$n"',
        ),
        ENVIRON,
    )
    first = await known.identity()
    assert first.headers["Authorization"] == "Bearer t0"
    assert await known.renew(first)
    assert (await known.identity()).headers["Authorization"] == "Bearer t1"


@pytest.mark.parametrize(
    ("text", "sentence", "evidence"),
    [
        ("echo 'please log in' >&2; exit 3", "failed with exit code 3", "please log in"),
        ("echo nonsense", "no ExecCredential", ""),
        (answer(V1BETA1, token="hunter2"), "does not speak", V1BETA1),
        (answer(), "neither a token", ""),
        (answer(clientCertificateData="c"), "only one", ""),
    ],
)
async def test_a_failure_is_told_with_what_it_said(
    tmp_path: Path, text: str, sentence: str, evidence: str
) -> None:
    with pytest.raises(CredentialsFailed, match=sentence) as caught:
        await Credentials(script(tmp_path, text), ENVIRON).identity()
    assert evidence in " ".join(caught.value.evidence)
    assert "hunter2" not in " ".join(caught.value.evidence)
    assert caught.value.hint


async def test_one_that_is_not_installed_is_told_with_its_hint() -> None:
    plugin = Plugin(version=V1, command="moorage-no-such-plugin", hint="Get it from example.com.")
    with pytest.raises(CredentialsFailed, match="cannot be started") as caught:
        await Credentials(Access(server="https://a", user=User(plugin=plugin)), ENVIRON).identity()
    assert caught.value.hint == "Get it from example.com."


async def test_one_that_waits_for_an_answer_is_ended_with_all_it_started(tmp_path: Path) -> None:
    access = script(tmp_path, f"echo 'Password:' >&2; sleep 1000 & echo $! > {tmp_path}/pid; wait")
    assert access.user.plugin is not None
    said: list[str] = []
    with pytest.raises(CredentialsFailed, match="did not end within") as caught:
        await ask(access.user.plugin, access, ENVIRON, seconds=0.5, say=said.append)
    assert caught.value.evidence[-1] == "Password:"
    assert said == ["Password:"]
    child = int((tmp_path / "pid").read_text())
    for _ in range(200):
        try:
            state = Path(f"/proc/{child}/stat").read_text().split()[2]
        except FileNotFoundError:
            break
        if state == "Z":
            break
        time.sleep(0.01)
    else:
        pytest.fail("what the plugin started still runs")


async def test_it_has_no_terminal_and_no_input(tmp_path: Path) -> None:
    text = "if read -r line </dev/tty; then exit 5; fi 2>/dev/null; cat; " + answer(token="t")
    assert (await Credentials(script(tmp_path, text), ENVIRON).identity()).headers


async def test_one_that_must_ask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialsFailed, match="wants to ask"):
        await Credentials(script(tmp_path, "exit 0", interactive="Always"), ENVIRON).identity()


def test_times_are_read() -> None:
    plugin = Plugin(version=V1, command="x")
    said = {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "status": {"token": "t", "expirationTimestamp": "2018-03-05T17:30:20-08:00"},
    }
    assert read(json.dumps(said).encode(), plugin).expires == 1520299820.0


# ── the ways without a plugin ──


async def test_a_token_file_is_read_each_time(tmp_path: Path) -> None:
    path = tmp_path / "token"
    known = Credentials(Access(server="https://a", user=User(token_file=str(path), token="old")), {})
    for text in ("one", "two\n"):
        path.write_text(text)
        assert (await known.identity()).headers["Authorization"] == f"Bearer {text.strip()}"


async def test_an_unchanged_token_is_not_tried_again(tmp_path: Path) -> None:
    known = Credentials(Access(server="https://a", user=User(token="t")), {})
    assert not await known.renew(await known.identity())


@pytest.mark.parametrize("text", ["", "a\nb", "ä"])
async def test_what_is_no_token_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(CredentialsFailed):
        await Credentials(Access(server="https://a", user=User(token_file=str(path))), {}).identity()


async def test_a_name_and_a_password_are_basic_authentication() -> None:
    user = User(username="me", password="ä:b")
    headers = (await Credentials(Access(server="https://a", user=user), {}).identity()).headers
    assert base64.b64decode(headers["Authorization"].split()[1]).decode() == "me:ä:b"


async def test_impersonation_has_a_header_for_each_group() -> None:
    who = Impersonation(user="jo", groups=("a", "b", "c"), extra=(("x/Y", ("1", "2")),))
    user = User(token="t", impersonation=who)
    headers = (await Credentials(Access(server="https://a", user=user), {}).identity()).headers
    pairs = sorted((name.lower(), value) for name, value in headers.items())
    assert pairs == [
        ("authorization", "Bearer t"),
        ("impersonate-extra-x%2fy", "1"),
        ("impersonate-extra-x%2fy", "2"),
        ("impersonate-group", "a"),
        ("impersonate-group", "b"),
        ("impersonate-group", "c"),
        ("impersonate-user", "jo"),
    ]


def test_an_expired_token_says_so() -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() - 7300}).encode()).decode().rstrip("=")
    known = Credentials(Access(server="https://a", user=User(token=f"h.{claims}.s"), origin="here"), {})
    assert known.description() == ("token from here, which expired 2 hours ago",)
