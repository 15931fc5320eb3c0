"""Images that are built in the cluster: from the first build to the prebuild that somebody else made."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from tests.cluster.account import bound, printed
from tests.cluster.cluster import Cluster
from tests.integration.kubernetes.person import Person
from tests.outside import Result

BASE = "moorage-test/devcontainer:latest"
DOCKERFILE = f"""FROM {BASE}
ARG WHO=nobody
COPY data.txt /data.txt
RUN echo "$WHO" > /who
"""


RIGHTS = ("--builder", "--pull-secret=registry")


class Builder(Person):
    """A person who builds into a repository of the test's own, with the rights that are printed for that."""

    def __init__(self, cluster: Cluster, namespace: str, home: Path) -> None:
        super().__init__(cluster, namespace, home)
        self.may_build(namespace)
        self.repository = f"{cluster.registry}/{namespace}/images"
        self.options = ["-o", f"buildRepository={self.repository}", "-o", "buildkitCacheSize=0"]

    def may_build(self, *where: str) -> None:
        """Bind what `moorage kubernetes rbac` prints for building there."""
        for namespace in where:
            for role in printed(self.namespace, *RIGHTS, f"--builder-namespace={namespace}"):
                place = role["metadata"]["namespace"]
                self.cluster.apply(place, role, bound(role, self.namespace))

    def up(self, *arguments: str | Path) -> Result:
        return self("up", *self.options, *arguments)

    def builders(self) -> list[str]:
        """Names of the pods that build."""
        pods = self.cluster.get(self.namespace, "pods", "--selector=dev.moorage.role=builder")
        return [pod["metadata"]["name"] for pod in pods]


def builder(cluster: Cluster, namespace: str, folder: Path) -> Builder:
    """With a home in that folder."""
    (folder / "home").mkdir()
    return Builder(cluster, namespace, folder / "home")


@pytest.fixture
def person(cluster: Cluster, namespace: str, tmp_path: Path) -> Builder:
    return builder(cluster, namespace, tmp_path)


def project(folder: Path, configuration: dict[str, object], **files: str) -> Path:
    place = folder / ".devcontainer"
    place.mkdir(parents=True)
    (place / "devcontainer.json").write_text(json.dumps(configuration))
    for name, text in {"data.txt": "data", **files}.items():
        (place / name).write_text(text)
    return folder


def dockerfile(folder: Path, text: str = DOCKERFILE, **more: object) -> Path:
    build = {"dockerfile": "Dockerfile", "args": {"WHO": "it's $me"}}
    return project(folder, {"build": build, **more}, Dockerfile=text)


def test_a_dockerfile_is_built_once_and_found_by_everybody_after(person: Builder, tmp_path: Path) -> None:
    first = dockerfile(tmp_path / "first", postCreateCommand="cat /who > ~/made")
    made = person.up(first)
    assert made.code == 0, made.stderr
    assert "RUN echo" in made.stderr
    assert person.ok("exec", first, "--", "cat", "/data.txt", "/root/made").stdout == "datait's $me\n"
    assert "was up already" in person.up(first).stdout

    person.cluster.kubectl("--namespace", person.namespace, "delete", "pod", *person.builders(), "--now")
    second = dockerfile(tmp_path / "second", postCreateCommand="cat /who > ~/made")
    found = person.up(second)
    assert found.code == 0, found.stderr
    assert "Build " not in found.stderr
    assert person.builders() == []


def test_features_go_on_top_of_a_dockerfile(person: Builder, tmp_path: Path) -> None:
    folder = dockerfile(tmp_path / "app", features={"./hello": {"greeting": "ahoy"}})
    feature = folder / ".devcontainer" / "hello"
    feature.mkdir()
    (feature / "devcontainer-feature.json").write_text(
        json.dumps({"id": "hello", "version": "1.0.0", "options": {"greeting": {"type": "string"}}})
    )
    (feature / "install.sh").write_text('echo "$GREETING" > /greeting\n')
    made = person.up(folder)
    assert made.code == 0, made.stderr
    assert person.ok("exec", folder, "--", "cat", "/greeting", "/who").stdout == "ahoy\nit's $me\n"


def test_secrets_are_nowhere_but_in_their_step(person: Builder, tmp_path: Path) -> None:
    text = f"FROM {BASE}\nRUN --mount=type=secret,id=token sha256sum < /run/secrets/token > /sum\n"
    folder = dockerfile(tmp_path / "app", text)
    person.cli.env["TOKEN"] = "hush-hush-472"
    made = person.up("--build-secret", "id=token,env=TOKEN", folder)
    assert made.code == 0, made.stderr
    assert "hush-hush" not in made.stderr
    sums = person.ok("exec", folder, "--", "sh", "-c", "cat /sum; printf hush-hush-472 | sha256sum").stdout
    assert len(set(sums.split("\n")[:2])) == 1
    (builder,) = person.builders()
    inside = person.cluster.kubectl(
        "--namespace", person.namespace, "exec", builder, "--",
        "sh", "-c", "ls /run/moorage/builds /var/tmp; grep -rl hush-hush /run /var/tmp || true",
    )  # fmt: skip
    assert inside.split() == ["/run/moorage/builds:", "/var/tmp:"]


def test_a_failing_instruction_is_told_with_its_line(person: Builder, tmp_path: Path) -> None:
    folder = dockerfile(tmp_path / "app", f"FROM {BASE}\nRUN echo before\nRUN echo oh no; exit 7\n")
    failed = person.up(folder)
    assert failed.code != 0
    assert "Dockerfile:3: RUN echo oh no; exit 7 ended with exit code 7." in failed.stderr
    assert "[build-failed]" in failed.stderr
    assert person.cluster.get(person.namespace, "deployments") == []


def test_without_a_repository_it_is_refused_before_anything_is_made(person: Builder, tmp_path: Path) -> None:
    folder = dockerfile(tmp_path / "app")
    person.options = []
    for command in ("up", "plan"):
        refused = person(command, folder)
        assert refused.code != 0
        assert "[build-refused]" in refused.stderr
        assert "buildRepository" in refused.stderr
    assert person.left() == []


def test_where_pod_security_forbids_builders_another_namespace_helps(
    person: Builder, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    label = "pod-security.kubernetes.io/enforce=baseline"
    person.cluster.kubectl("label", "namespace", person.namespace, label)
    folder = dockerfile(tmp_path / "app")
    refused = person.up(folder)
    assert refused.code != 0
    assert "[builder-forbidden]" in refused.stderr
    assert "buildkitNamespace" in refused.stderr
    assert person.left() == []

    other = f"{person.namespace}-builds"
    person.cluster.kubectl("create", "namespace", other)
    request.addfinalizer(lambda: person.cluster.kubectl("delete", "namespace", other, "--wait=false"))
    person.may_build(other)
    made = person.up("-o", f"buildkitNamespace={other}", folder)
    assert made.code == 0, made.stderr
    assert person.builders() == []


@pytest.mark.parametrize("option", ["buildkitPrivileged=true", "buildkitImage=moby/buildkit:rootless"])
def test_other_ways_to_build(person: Builder, tmp_path: Path, option: str) -> None:
    folder = dockerfile(tmp_path / "app")
    made = person.up("-o", option, folder)
    assert made.code == 0, made.stderr
    assert person.ok("exec", folder, "--", "cat", "/who").stdout == "it's $me\n"


@pytest.mark.full
def test_two_runs_that_want_the_same_build_it_once(person: Builder, tmp_path: Path) -> None:
    text = f"{DOCKERFILE}RUN sleep 3; cat /proc/sys/kernel/random/uuid > /once\n"
    folders = [dockerfile(tmp_path / name, text) for name in ("one", "two")]
    results: list[Result] = []
    threads = [threading.Thread(target=lambda f=each: results.append(person.up(f))) for each in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.code for result in results] == [0, 0], "\n".join(result.stderr for result in results)
    once = {person.ok("exec", each, "--", "cat", "/once").stdout for each in folders}
    assert len(once) == 1
    assert any("is waited for" in result.stderr for result in results)
    assert person.cluster.get(person.namespace, "leases") == []


def test_a_builder_whose_image_is_not_there_says_so(person: Builder, tmp_path: Path) -> None:
    refused = person.up(
        "-o", f"buildkitImage={person.cluster.registry}/no/such:1", dockerfile(tmp_path / "app")
    )
    assert refused.code != 0
    assert "no/such:1" in refused.stderr
    assert "[pod-failed]" in refused.stderr


def test_build_makes_a_prebuild_whose_metadata_counts_once(person: Builder, tmp_path: Path) -> None:
    """Whoever names the image gets what the configuration says; whoever has the configuration not twice."""
    hook = "echo ran >> /tmp/ran"
    folder = dockerfile(tmp_path / "ci", postCreateCommand=hook)
    built = person("build", *person.options, "--output", "json", folder)
    assert built.code == 0, built.stderr
    reference = json.loads(built.stdout)["reference"]
    assert reference.startswith(f"{person.repository}")

    again = dockerfile(tmp_path / "person", postCreateCommand=hook)
    assert person.up(again).code == 0
    assert person.ok("exec", again, "--", "cat", "/tmp/ran").stdout == "ran\n"
    named = project(tmp_path / "named", {"image": reference})
    assert person.up(named).code == 0
    assert person.ok("exec", named, "--", "cat", "/tmp/ran").stdout == "ran\n"
