"""The argument list of `podman build`, for what its API does not carry: secrets, ssh, further options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from moorage.builders.engine.carriage import Carried
from moorage.builders.engine.errors import BuilderMissing
from moorage.engine.endpoint import Endpoint
from moorage.oci.reference import parse
from moorage.spec.build import BuildSecret, BuildSpec

_REFUSED = ("--output", "-o", "--tag", "-t", "--file", "-f", "--iidfile", "--manifest", "--remote", "--url")
_BUILDKIT = (
    "--cache-to",
    "--cache-from",
    "--builder",
    "--load",
    "--push",
    "--attest",
    "--provenance",
    "--sbom",
)


def refusals(spec: BuildSpec, options: Sequence[str]) -> list[str]:
    """What the program would take for something else, or not at all."""
    names = [word.partition("=")[0] for word in options if word.startswith("-")]
    found = [f"option {name} of the build section is not for Podman" for name in names if name in _REFUSED]
    found += [f"option {name} of the build section needs BuildKit" for name in names if name in _BUILDKIT]
    found += ["cacheTo in the build section needs BuildKit"] if spec.cache_to else []
    return [*found, *(["another output than the engine's images needs BuildKit"] if spec.output else [])]


def program(endpoint: Endpoint, *, ssh: bool) -> list[str]:
    """Podman itself: the client that was named, or the one on PATH led to the same engine.

    Raises BuilderMissing; an ssh agent is not reached over the API.
    """
    if endpoint.podman and endpoint.cli:
        return [endpoint.cli]
    if ssh:
        raise BuilderMissing(
            "Podman lends an ssh agent to a build only where its own program builds.",
            evidence=(f"{endpoint.host} is spoken to over its API",),
            hint="Name the program instead of its socket: `-o path=podman`, without DOCKER_HOST.",
        )
    import shutil  # as in `endpoint`

    found = shutil.which("podman")
    if found is None:
        raise BuilderMissing(
            "Secrets, ssh and options of a build need Podman's own program, which is not here.",
            evidence=(f"{endpoint.host}: its API builds without them",),
            hint="Install podman on this machine, or name it with `-o path=/path/to/podman`.",
        )
    return [found, "--remote", "--url", endpoint.host]


def arguments(
    words: Sequence[str], spec: BuildSpec, carried: Carried, given: Sequence[str], *, file: str, folder: str
) -> list[str]:
    """The argument list. Values of build arguments and secrets are not in it; `given` are the secrets' files.

    Names are full: Podman would look for short ones where its settings say.
    """
    reference = parse(spec.tag)
    tag = f"{reference.registry}/{reference.repository}:{reference.target}"
    words = [*words, "build", *carried.options, "--format", "docker", "--tag", tag, "--file", file]
    words += ["--ignorefile", f"{file}.dockerignore"]
    words += ["--target", spec.target] if spec.target else []
    words += ["--platform", spec.platform] if spec.platform else []
    words += [word for name in carried.names for word in ("--build-arg", name)]
    words += [word for name, value in spec.labels for word in ("--label", f"{name}={value}")]
    words += [word for text in given for word in ("--secret", text)]
    words += [word for text in spec.ssh for word in ("--ssh", text)]
    words += ["--no-cache"] if spec.no_cache else []
    words += ["--pull=always"] if spec.pull else []
    return [*words, folder]


def secrets(found: Sequence[BuildSecret], environment: dict[str, str], folder: str) -> list[str]:
    """Each as `--secret` takes it; those of the environment as files below the private `folder`."""
    return [f"id={each.id},src={each.file or _file(each, environment, folder)}" for each in found]


def _file(secret: BuildSecret, environment: dict[str, str], folder: str) -> str:
    path = Path(folder, f"secret-{secret.variable}")
    path.touch(mode=0o600)
    path.write_text(environment[secret.variable], errors="surrogateescape")
    return str(path)
