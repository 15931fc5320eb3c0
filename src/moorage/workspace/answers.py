"""Answers the planner's questions, side by side; one place that knows who can answer what."""

from __future__ import annotations

import asyncio

from moorage.facts import configuration, image
from moorage.planner.questions import (
    AskEngine,
    ConfigurationFile,
    ContextDigests,
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
    TakenName,
)
from moorage.planner.request import Request
from moorage.spec.source import GitSource, ImageSource, LocalFolder
from moorage.workspace.site import Site


async def answers(request: Request, site: Site, questions: tuple[Question, ...]) -> dict[Question, object]:
    """All the answers; the first failure cancels the rest."""
    if len(questions) == 1:
        return {questions[0]: await _answer(request, site, questions[0])}
    try:
        async with asyncio.TaskGroup() as group:
            tasks = {question: group.create_task(_answer(request, site, question)) for question in questions}
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return {question: task.result() for question, task in tasks.items()}


async def _answer(request: Request, site: Site, question: Question) -> object:
    match question:
        case ReadConfiguration():
            return await _configuration(request, site, question)
        case Observe():
            return await site.driver.observe(
                question.container, volume=question.volume, workspace=request.workspace
            )
        case ReadStack():
            from moorage.facts.compose import project  # only where there is one

            return await project(question, site.engine.endpoint, site.environment, site.cache / "compose")
        case FindImage() if site.cluster:
            from moorage.workspace.clustered import find_image  # only a cluster pulls for itself

            return await find_image(site, question)
        case FindImage():
            return await image.find(site.engine, question, site.reporter, site.preferences.registries)
        case ReadDockerfile():
            from moorage.facts import dockerfile  # only what is built has one

            return dockerfile.dockerfile(question)
        case HashContext():
            from moorage.facts import dockerfile  # as above

            tree = await asyncio.to_thread(dockerfile.context, question, str(site.cache / "contexts"))
            site.contexts[question] = tree
            return ContextDigests(lines=tuple(sorted(tree.digests.items())))
        case AskEngine():
            return await site.facts()
        case ListNames():
            listed = await site.driver.list()
            return tuple(
                TakenName(name=each.name, workspace=each.workspace, source=each.source) for each in listed
            )
        case ReadFeature():
            from moorage.workspace.features import finder  # only where there are Features

            return await finder(site).find(question)
        case IsCloned():
            return await site.driver.inside(question.container).exists(question.folder)


async def _configuration(request: Request, site: Site, question: ReadConfiguration) -> ConfigurationFile:
    match question.place, request.source:
        case "folder", LocalFolder(path=path):
            return configuration.in_folder(path, question.path, question.override)
        case "image", ImageSource(reference=reference):
            return configuration.of_image(reference)
        case "workspace", _:
            return await configuration.in_workspace(site.driver.inside(question.container), question)
        case "exported", _:
            from moorage.facts.export import exported  # only where a workspace is made anew

            return await exported(site.driver.inside(question.container), question, site.cache / "exports")
        case "git", GitSource() as source:
            from moorage.facts.repository import read  # only a workspace that is not there yet needs git

            return await read(source, question.path, site.cache / "git", site.reporter)
        case place, _:
            raise TypeError(f"a configuration cannot be read from {place} here")
