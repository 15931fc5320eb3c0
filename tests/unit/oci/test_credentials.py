"""Logins from the files and helpers of Docker and Podman. The helpers are real programs."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from moorage.events import Event, Notice
from moorage.oci.credentials import Credential, Credentials

ANN = Credential(username="ann", password="pass:word")
AUTH = base64.b64encode(b"ann:pass:word").decode()


class Home:
    """A user's folders, programs and environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"PATH": str(folder / "bin"), "HOME": str(folder)}
        self.events: list[Event] = []
        (folder / "bin").mkdir()

    def emit(self, event: Event) -> None:
        self.events.append(event)

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]

    def write(self, path: str, content: object) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else json.dumps(content))

    def helper(self, name: str, script: str) -> None:
        self.write(f"bin/docker-credential-{name}", f"#!/bin/sh\nPATH={os.defpath}\n{script}\n")
        (self.folder / f"bin/docker-credential-{name}").chmod(0o755)

    def knowing(self, name: str, server: str, username: str = "ann", secret: str = "pass:word") -> None:
        answer = json.dumps({"ServerURL": server, "Username": username, "Secret": secret})
        self.helper(
            name,
            f"""read -r server
echo "$1 $server" >> {self.folder}/asked
[ "$server" = "{server}" ] && echo '{answer}' && exit
echo credentials not found in native keychain
exit 1""",
        )

    def credentials(self, seconds: float = 5) -> Credentials:
        return Credentials(self.environment, reporter=self, helper_seconds=seconds)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"auth": AUTH}, ANN),
        ({"auth": base64.b64encode(b"ann:pass:word\0").decode()}, ANN),
        ({"username": "ann", "password": "pass:word"}, ANN),
        ({"auth": AUTH, "identitytoken": "t"}, Credential(username="ann", identity_token="t")),
        ({"registrytoken": "t"}, Credential(registry_token="t")),
        ({"auth": ""}, None),
        ({}, None),
        ({"auth": "%%%"}, None),
    ],
)
async def test_entries(home: Home, entry: dict[str, str], expected: Credential | None) -> None:
    home.write(".docker/config.json", {"auths": {"ghcr.io": entry}})
    assert await home.credentials().find("ghcr.io") == expected


@pytest.mark.parametrize(
    ("key", "registry"),
    [
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
        ("https://ghcr.io/v1/", "ghcr.io"),
        ("http://lan:5000", "lan:5000"),
        ("lan:5000", "lan:5000"),
        ("lan:5000/v2/", "lan:5000"),
    ],
)
async def test_keys_name_hosts(home: Home, key: str, registry: str) -> None:
    home.write(".docker/config.json", {"auths": {key: {"auth": AUTH}}})
    credentials = home.credentials()
    assert await credentials.find(registry) == ANN
    assert await credentials.find(f"x{registry}") is None
    assert await credentials.find("lan") is None


async def test_the_nearest_podman_key_wins(home: Home) -> None:
    other = base64.b64encode(b"bob:other").decode()
    auths = {"quay.io": {"auth": other}, "quay.io/acme": {"auth": AUTH}}
    home.write(".config/containers/auth.json", {"auths": auths})
    credentials = home.credentials()
    assert await credentials.find("quay.io", "acme/app") == ANN
    assert await credentials.find("quay.io", "acmes/app") == Credential(username="bob", password="other")


async def test_where_the_files_are(home: Home) -> None:
    home.environment |= {"DOCKER_CONFIG": str(home.folder / "d"), "XDG_RUNTIME_DIR": str(home.folder / "run")}
    home.write("d/config.json", {"auths": {"a.io": {"auth": AUTH}}})
    home.write(".docker/config.json", {"auths": {"b.io": {"auth": AUTH}}})
    home.write("run/containers/auth.json", {"auths": {"c.io": {"auth": AUTH}}})
    credentials = home.credentials()
    found = [host for host in ("a.io", "b.io", "c.io") if await credentials.find(host)]
    assert found == ["a.io", "c.io"]


async def test_an_auth_file_that_is_named(home: Home) -> None:
    home.environment["REGISTRY_AUTH_FILE"] = str(home.folder / "mine.json")
    home.write("mine.json", {"auths": {"a.io": {"auth": AUTH}}})
    assert await home.credentials().find("a.io") == ANN


async def test_variables(home: Home) -> None:
    home.environment |= {
        "DEVCONTAINERS_OCI_AUTH": "a.io|ann|pass|word,broken, b.io|bob|x",
        "DOCKER_AUTH_CONFIG": json.dumps({"auths": {"c.io": {"auth": AUTH}}}),
        "GITHUB_TOKEN": "gh",
    }
    credentials = home.credentials()
    assert await credentials.find("a.io") == Credential(username="ann", password="pass|word")
    assert await credentials.find("b.io") == Credential(username="bob", password="x")
    assert await credentials.find("c.io") == ANN
    assert await credentials.find("ghcr.io") == Credential(username="x-access-token", password="gh")
    assert await credentials.find("docker.io") is None


async def test_github_s_token_is_for_github_alone(home: Home) -> None:
    home.environment |= {"GITHUB_TOKEN": "gh", "GITHUB_HOST": "git.example"}
    assert await home.credentials().find("ghcr.io") is None


async def test_a_store_is_asked_by_standard_input(home: Home) -> None:
    home.knowing("mine", "https://index.docker.io/v1/")
    home.write(".docker/config.json", {"credsStore": "mine"})
    assert await home.credentials().find("docker.io") == ANN
    assert (home.folder / "asked").read_text() == "get https://index.docker.io/v1/\n"


async def test_a_helper_of_the_registry_comes_before_the_store(home: Home) -> None:
    home.knowing("special", "a.io", username="<token>", secret="identity")
    home.knowing("mine", "a.io")
    home.write(".docker/config.json", {"credsStore": "mine", "credHelpers": {"a.io": "special"}})
    assert await home.credentials().find("a.io") == Credential(identity_token="identity")


async def test_what_the_store_does_not_know_may_be_in_the_file(home: Home) -> None:
    home.knowing("mine", "b.io")
    home.write(".docker/config.json", {"credsStore": "mine", "auths": {"a.io": {"auth": AUTH}}})
    assert await home.credentials().find("a.io") == ANN
    assert home.events == []


async def test_without_any_login_the_platform_s_store_is_asked(home: Home) -> None:
    home.knowing("secretservice", "a.io")
    assert await home.credentials().find("a.io") == ANN


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo the keychain is locked; exit 1", "failed: the keychain is locked"),
        ('printf \'{"Secret":"hidden"}\'; exit 3', "failed: status 3"),
        ("echo nonsense", "gave no readable answer"),
        ("sleep 60 & wait", "did not answer within 0.2 s"),
    ],
)
async def test_a_helper_that_fails_is_passed_over_aloud(home: Home, script: str, said: str) -> None:
    home.helper("mine", script)
    home.write(".docker/config.json", {"credsStore": "mine", "auths": {"a.io": {"auth": AUTH}}})
    credentials = home.credentials(seconds=0.2)
    assert await credentials.find("a.io") == ANN
    assert await credentials.find("a.io") == ANN
    (notice,) = home.notices
    assert notice == f"the credential helper docker-credential-mine {said}"


async def test_a_helper_that_is_not_installed(home: Home) -> None:
    home.write(".docker/config.json", {"credsStore": "desktop"})
    assert await home.credentials().find("a.io") is None
    assert home.notices == ["the credential helper docker-credential-desktop is configured but not installed"]


async def test_a_helper_is_no_path(home: Home) -> None:
    home.write("evil", "#!/bin/sh\ntouch ran\n")
    (home.folder / "evil").chmod(0o755)
    home.write(".docker/config.json", {"credsStore": "x/../../evil"})
    assert await home.credentials().find("a.io") is None
    assert "not installed" in home.notices[0]


@pytest.mark.parametrize("content", ["{", "[]", '{"auths": 1}', "\x00"])
async def test_a_file_that_cannot_be_read_is_left_out(home: Home, content: str) -> None:
    home.write(".docker/config.json", content)
    home.write(".config/containers/auth.json", {"auths": {"a.io": {"auth": AUTH}}})
    assert await home.credentials().find("a.io") == ANN
    assert "is left out" in home.notices[0]


def test_secrets_are_not_shown() -> None:
    shown = repr(ANN) + str(Credential(identity_token="hidden", registry_token="hidden"))
    assert "pass:word" not in shown
    assert "hidden" not in shown


def test_basic() -> None:
    assert ANN.basic() == f"Basic {AUTH}"
