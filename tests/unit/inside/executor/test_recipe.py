"""What a Dockerfile comes to before anything is built: steps, configuration, history, and what is refused."""

from __future__ import annotations

import pytest

from moorage.dockerfile.errors import BrokenDockerfile
from moorage.inside.executor.configuration import DEFAULT_PATH, Config
from moorage.inside.executor.errors import StepRefused
from moorage.inside.executor.recipe import Base, bases
from moorage.inside.executor.step import Copy, Folder, Origin, Run, StagePlan
from tests.unit.inside.executor.orders import PLATFORM, image, order, planned


def test_a_run_has_the_image_s_variables_and_declared_arguments_only() -> None:
    run = last_run("FROM base\nARG A\nARG B=b\nENV C=$A$B\nRUN x", arguments=(("A", "a"), ("Z", "z")))
    assert dict(run.environment) == {"PATH": DEFAULT_PATH, "A": "a", "B": "b", "C": "ab"}
    assert (run.command, run.user, run.folder) == (("/bin/sh", "-c", "x"), "", "/")


def test_proxies_need_no_declaration_and_leave_no_trace() -> None:
    plans = planned("FROM base\nRUN x", arguments=(("https_proxy", "p"),))
    run = plans[0].steps[0].act
    assert isinstance(run, Run)
    assert {"HTTPS_PROXY": "p", "https_proxy": "p"}.items() <= dict(run.environment).items()
    assert history(plans) == ["RUN /bin/sh -c x # buildkit"]


def test_a_stage_goes_on_with_the_arguments_of_the_one_that_it_continues() -> None:
    plans = planned("FROM base AS a\nENV E=1\nARG E=2\nARG K=k\nFROM a\nRUN echo $K $E")
    run = plans[-1].steps[-1].act
    assert isinstance(run, Run)
    assert (dict(run.environment)["K"], dict(run.environment)["E"]) == ("k", "1")
    assert history(plans)[-1] == "RUN |2 E=1 K=k /bin/sh -c echo $K $E # buildkit"


def test_entrypoint_takes_the_base_s_command_away_but_not_the_stage_s_own() -> None:
    base = image(Cmd=["base"])
    assert config("FROM base\nENTRYPOINT e", base).cmd is None
    assert config("FROM base\nCMD c\nENTRYPOINT e", base).cmd == ("/bin/sh", "-c", "c")


def test_triggers_of_a_base_run_first_and_once() -> None:
    base = image(OnBuild=["RUN triggered", "ENV T=1"])
    plans = planned("FROM base AS a\nRUN own $T\nFROM a\nRUN more", base)
    assert history(plans[:1]) == ["RUN /bin/sh -c triggered # buildkit", "ENV T=1", *own("RUN", "own $T")]
    assert plans[0].final.config.on_build is None
    assert len(plans[1].steps) == 1


def test_a_trigger_can_bring_another_image() -> None:
    asked = order("FROM base")
    known = {Base("base", PLATFORM): image(OnBuild=["COPY --from=other /x /"])}
    assert bases(asked, {}) == {Base("base", PLATFORM)}
    assert bases(asked, known) == frozenset()
    (plan,) = planned("FROM base", known[Base("base", PLATFORM)])
    assert plan.origins == {Origin("image", "other")}


@pytest.mark.parametrize("line", ["ONBUILD RUN x", "FROM x", "NONSENSE", "MAINTAINER x"])
def test_a_trigger_that_is_no_instruction_for_it_is_refused(line: str) -> None:
    with pytest.raises((StepRefused, BrokenDockerfile), match="trigger"):
        planned("FROM base", image(OnBuild=[line]))


def test_a_named_context_stands_for_stage_image_and_folder() -> None:
    contexts = (("base", "docker-image://pinned"), ("files", "/somewhere"), ("a", "docker-image://other"))
    asked = order("FROM scratch AS a\nFROM base\nCOPY --from=files x /\nCOPY --from=a x /", contexts=contexts)
    assert bases(asked, {}) == {Base("pinned", PLATFORM)}
    known = {Base("pinned", PLATFORM): image()}
    from moorage.inside.executor.recipe import recipe

    (plan,) = recipe(asked, known, "")
    assert plan.image == "pinned"
    assert plan.origins == {Origin("folder", "/somewhere"), Origin("image", "other")}


def test_a_stage_that_comes_later_cannot_be_copied_from() -> None:
    with pytest.raises((StepRefused, BrokenDockerfile), match="a"):
        planned("FROM scratch AS one\nCOPY --from=a x /\nFROM one AS a")


def test_folders_are_the_user_s_and_relative_to_the_last_one() -> None:
    (plan,) = planned("FROM base\nUSER joe\nWORKDIR /a\nWORKDIR ../b/./c")
    assert plan.steps[-1].act == Folder(path="/b/c", user="joe")
    assert plan.final.config.working_dir == "/b/c"


def test_documents_are_expanded_unless_quoted() -> None:
    text = "FROM base\nENV V=1\nCOPY <<A <<'B' /x/\n'$V' \\$V\nA\n$V\nB\n"
    act = planned(text)[0].steps[-1].act
    assert isinstance(act, Copy)
    assert act.copying.heredocs == (("A", b"'1' $V\n"), ("B", b"$V\n"))
    assert act.copying.sources == ()


def test_a_script_lies_where_buildkit_has_it() -> None:
    run = last_run("FROM base\nRUN <<EOT\n#!/bin/x\ncode\nEOT\n")
    assert run.command[-1] == "/dev/pipes/EOT"
    assert run.script == "#!/bin/x\ncode\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("RUN --nonsense x", "--nonsense"),
        ("RUN --mount=type=nonsense,target=/x x", "nonsense"),
        ("RUN --mount=type=cache x", "target"),
        ("RUN --mount=type=bind,target=/,colour=red x", "colour"),
        ("RUN --security=insecure x", "privilege"),
        ("RUN --device=gpu x", "engine"),
        ("RUN --network=some x", "some"),
        ("RUN", "no command"),
        ("COPY only", "source and a destination"),
        ("COPY --link=maybe a b", "maybe"),
        ("SHELL sh -c", "JSON"),
        ("EXPOSE many", "many"),
        ("EXPOSE 70000", "70000"),
        ("STOPSIGNAL SIGNOTHING", "SIGNOTHING"),
        ("HEALTHCHECK maybe", "NONE or CMD"),
        ("HEALTHCHECK --interval=soon CMD x", "soon"),
        ("HEALTHCHECK --retries=few CMD x", "few"),
        ("ONBUILD FROM x", "FROM"),
        ("WORKDIR $NOTHING", "no folder"),
    ],
)
def test_what_no_builder_takes_is_refused_with_its_line(line: str, said: str) -> None:
    with pytest.raises(StepRefused, match=r"Dockerfile:2: ") as caught:
        planned(f"FROM base\n{line}")
    assert said in caught.value.message
    assert caught.value.evidence


def last_run(text: str, **fields: object) -> Run:
    act = planned(text, **fields)[-1].steps[-1].act
    assert isinstance(act, Run)
    return act


def config(text: str, base: object) -> Config:
    return planned(text, base)[-1].final.config  # type: ignore[arg-type]


def history(plans: tuple[StagePlan, ...]) -> list[str]:
    return [event.created_by for event in plans[-1].final.history]


def own(keyword: str, command: str) -> list[str]:
    return [f"{keyword} /bin/sh -c {command} # buildkit"]
