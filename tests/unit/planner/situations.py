"""Facts as they can be found anywhere between nothing and a finished workspace."""

from __future__ import annotations

import json
from hashlib import sha256

from moorage.devcontainer import jsonc
from moorage.devcontainer.compose import Project
from moorage.devcontainer.features.feature import load
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.reference import LocalReference, parse
from moorage.planner.facts import Facts
from moorage.planner.plan import Ask, plan
from moorage.planner.questions import (
    AskEngine,
    ConfigurationFile,
    ContextDigests,
    DockerfileText,
    FindImage,
    HashContext,
    IsCloned,
    ListNames,
    Observe,
    Question,
    ReadConfiguration,
    ReadDockerfile,
    ReadFeature,
    ReadStack,
)
from moorage.planner.request import Host, Request
from moorage.spec.image import ImageFacts
from moorage.spec.observation import EngineFacts, Observation
from moorage.spec.source import GitSource, ImageSource, LocalFolder, Source

ENGINE = EngineFacts(product="docker", version="29.2.0", platform="linux/amd64", cpus=2, memory=2**33)
DOCKERFILE = "ARG BASE=debian:bookworm-slim\nFROM $BASE\nRUN useradd dev\nCOPY src /src\nUSER dev\n"


def request(source: Source | None = None, **options: object) -> Request:
    host = Host(owner="ada", environment={"HOME": "/home/ada"}, uid=1000, gid=1000)
    return Request(source=source or LocalFolder(path="/home/ada/project"), host=host, **options)  # type: ignore[arg-type]


class World:
    """Answers every question from a few settings; `here` are the images that the engine has."""

    def __init__(
        self,
        configuration: dict[str, object],
        *,
        here: tuple[str, ...] = ("debian:bookworm-slim",),
        metadata: str = "",
        observation: Observation | None = None,
        digest: str = "d1",
        dockerfile: str = DOCKERFILE,
        names: tuple[object, ...] = (),
        features: dict[str, dict[str, object]] | None = None,
        lock: bytes | None = None,
        project: dict[str, object] | None = None,
        engine: EngineFacts = ENGINE,
    ) -> None:
        self.configuration = configuration
        self.here = here
        self.metadata = metadata
        self.observation = observation or Observation()
        self.digest = digest
        self.dockerfile = dockerfile
        self.names = names
        self.features = features or {}
        self.lock = lock
        self.project = project or {}
        self.engine = engine
        self.asked: list[Question] = []

    def answer(self, question: Question) -> object:
        self.asked.append(question)
        match question:
            case ReadConfiguration():
                text = json.dumps(self.configuration).encode()
                return ConfigurationFile(
                    path=".devcontainer/devcontainer.json",
                    text=text,
                    root="/home/ada/project",
                    commit="c" * 40 if question.place != "folder" else "",
                    lock=self.lock,
                )
            case Observe():
                return self.observation
            case FindImage():
                return self._image(question)
            case ReadDockerfile():
                return DockerfileText(text=self.dockerfile)
            case HashContext():
                return ContextDigests(lines=tuple((item.line, self.digest) for item in question.reads.items))
            case AskEngine():
                return self.engine
            case ListNames():
                return self.names
            case IsCloned():
                return False
            case ReadFeature():
                return self._feature(question)
            case ReadStack():
                return Project(
                    name="project", files=question.files, folder=question.folder, resolved=self.project
                )

    def facts(self, request: Request) -> Facts:
        """Everything answered that stands before the first plan."""
        facts = Facts()
        while isinstance(outcome := plan(request, facts), Ask):
            facts = facts.answered({question: self.answer(question) for question in outcome.questions})
        return facts

    def _feature(self, question: ReadFeature) -> FoundFeature:
        named = parse(question.reference)
        raw = {"id": named.id, "version": "1.0.0", **self.features.get(question.reference, {})}
        local = isinstance(named, LocalReference)
        digest = question.digest or f"sha256:{sha256(json.dumps(raw).encode()).hexdigest()}"
        return FoundFeature(
            reference=question.reference,
            kind="local" if local else "oci",
            base=f"{question.base}/{named.id}" if local else named.base,
            tag="" if local else named.tag,
            digest=digest,
            resolved="" if local else f"{named.base}@{digest}",
            feature=load(jsonc.parse(json.dumps(raw).encode(), "feature.json"))[0],
            raw=raw,
        )

    def _image(self, question: FindImage) -> ImageFacts | None:
        if question.local and question.reference not in self.here:
            return None
        return ImageFacts(
            reference=question.reference,
            identity=f"sha256:{question.reference}",
            metadata=self.metadata,
            present=question.reference in self.here,
        )


GIT = GitSource(url="https://example.com/org/project.git")
IMAGE = ImageSource(reference="debian:bookworm-slim")
