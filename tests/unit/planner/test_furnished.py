"""A driver whose starts bring runner and clone along, and which sees none of this machine's files."""

from __future__ import annotations

import msgspec

from moorage.planner.facts import Facts
from moorage.planner.learning import forecast
from moorage.planner.plan import Plan, plan
from moorage.planner.questions import AskEngine, ConfigurationFile, Observe, Question, ReadConfiguration
from moorage.planner.request import Request
from moorage.planner.steps import CreateContainer, StartContainer, Step, UploadSource
from moorage.spec.observation import EngineFacts, Observation

from .situations import GIT, World, request

OWN = {"image": "debian:bookworm-slim", "postCreateCommand": "make", "hostRequirements": {"cpus": 2}}


class Cluster(World):
    """As an engine's world, with pods."""

    def answer(self, question: Question) -> object:
        found = super().answer(question)
        if isinstance(question, AskEngine):
            assert isinstance(found, EngineFacts)
            return msgspec.structs.replace(found, product="kubernetes", furnishes=True, local=False)
        return found


def whole(asked: Request, world: World) -> tuple[Plan, Facts]:
    reached = forecast(asked, world.facts(asked))
    while reached.ask is not None:
        answers = {question: world.answer(question) for question in reached.ask.questions}
        reached = forecast(asked, reached.facts.answered(answers), reached.plan.steps)
    return reached.plan, reached.facts


def kinds(steps: tuple[Step, ...]) -> list[str]:
    return [type(step).__name__ for step in steps]


def test_a_local_folder_is_uploaded_once_it_runs() -> None:
    made, _ = whole(request(), Cluster(OWN))
    assert kinds(made.steps) == ["CreateContainer", "StartContainer", "UploadSource", "RunHooks"]
    (create,) = (step for step in made.steps if isinstance(step, CreateContainer))
    (upload,) = (step for step in made.steps if isinstance(step, UploadSource))
    assert (create.spec.content.kind, create.spec.resources.cpus) == ("upload", 2)
    assert (upload.source, upload.folder) == (create.spec.content.source, create.spec.content.target)


def test_a_folder_of_a_repository_finds_its_configuration_in_the_copy_of_the_whole() -> None:
    asked = request()
    asked = msgspec.structs.replace(asked, host=msgspec.structs.replace(asked.host, git_root="/home/ada"))
    made, facts = whole(asked, Cluster(OWN))
    (create,) = (step for step in made.steps if isinstance(step, CreateContainer))
    assert create.spec.content.target == "/workspaces/ada"
    copied = [each for each in facts.every(ReadConfiguration, ConfigurationFile) if each.place == "workspace"]
    assert [each.folder for each in copied] == ["/workspaces/ada/project"]


def test_a_clone_comes_with_the_start() -> None:
    made, _ = whole(request(source=GIT), Cluster(OWN))
    assert kinds(made.steps) == ["CreateContainer", "StartContainer", "RunHooks"]


def test_where_all_is_done_nothing_is_due_and_the_copy_decides() -> None:
    asked, world = request(), Cluster(OWN)
    _, facts = whole(asked, world)
    outcome = plan(asked, facts)
    assert isinstance(outcome, Plan)
    assert (outcome.steps, outcome.differences) == ((), ())
    places = {question.place for question in facts.every(ReadConfiguration, ConfigurationFile)}
    assert places == {"folder", "workspace"}


def test_one_that_sleeps_is_started_before_its_files_are_asked() -> None:
    asked, world = request(), Cluster(OWN)
    _, facts = whole(asked, world)
    ((question, seen),) = facts.every(Observe, Observation).items()
    assert seen.container is not None
    asleep = msgspec.structs.replace(seen, container=msgspec.structs.replace(seen.container, state="exited"))
    outcome = plan(asked, Facts().answered({question: asleep}))
    assert isinstance(outcome, Plan)
    assert outcome.more
    assert [type(step) for step in outcome.steps] == [StartContainer]


def test_an_upload_that_was_cut_off_is_done_again() -> None:
    asked, world = request(), Cluster(OWN)
    _, facts = whole(asked, world)
    ((question, seen),) = facts.every(Observe, Observation).items()
    half = facts.answered({question: msgspec.structs.replace(seen, volume="empty")})
    outcome = plan(asked, half)
    assert isinstance(outcome, Plan)
    assert [type(step) for step in outcome.steps] == [UploadSource]
