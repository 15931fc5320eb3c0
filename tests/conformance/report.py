"""docs/conformance.md: every sentence with its cases and what they came to on each engine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.conformance.case import ENGINES, Found, cases
from tests.conformance.mutation.__main__ import RESULTS as MUTATION
from tests.conformance.mutation.__main__ import equivalent
from tests.conformance.sentences import Sentence, sentences

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
DOCUMENT = HERE.parents[1] / "docs/conformance.md"

HEAD = """# Conformance

What the [Dev Containers specification](https://containers.dev/implementors/spec/) says, sentence by sentence
in our words, and the cases of `tests/conformance/cases` that show it. `make conformance` runs the cases and
writes this page; `make mutation` does what the last section tells.

A case *starts a container* where it looks into one that `moorage up` started for its configuration. Cases of
one file share that container; those without need only `read-configuration`, or are refused before anything is
made.

`docker` is the engine under test, Docker 29 where none is given; the others are Docker 20.10, and Podman 4.3
as root and as a user, and a Kubernetes cluster, where the project's files are the workspace's own. Continuous
integration runs all cases on the first and the sample on the others; `make conformance` runs all on all.
Refused is what a driver has to refuse before anything is made: the case names the words of its reason. The
table has what each case came to when it last ran.
"""

Results = Mapping[str, Mapping[str, str]]


def document(results: Results) -> str:
    """The page as Markdown."""
    every, found = sentences(), cases()
    parts = [HEAD, _numbers(every, found), _engines(results, found), *_sections(every, found, results)]
    return "\n".join([*parts, _without(every, found), _elsewhere(results), _mutation()]).rstrip() + "\n"


def kept() -> dict[str, dict[str, str]]:
    """What the last run came to."""
    return dict(json.loads(RESULTS.read_text())) if RESULTS.exists() else {}


def uncovered(every: Mapping[str, Sentence], found: Iterable[Found]) -> list[Sentence]:
    shown = {id for one in found for id in one.case.shows}
    return [one for one in every.values() if one.id not in shown]


def starts_a_container(one: Found) -> bool:
    """It is of that kind, or has steps of its own that make one and look into it."""
    verbs = [step for step in one.case.steps if step.up is not None or "up" in (step.moorage or ())]
    return one.case.kind == "container" or any(step.code == 0 for step in verbs)


def _numbers(every: Mapping[str, Sentence], found: tuple[Found, ...]) -> str:
    missing = uncovered(every, found)
    left = [one for one in missing if one.left]
    return (
        f"{len(every)} sentences: {len(every) - len(missing)} have a case, {len(left)} cannot have one, "
        f"{len(missing) - len(left)} have none yet. {len(found)} cases: "
        f"{sum(map(starts_a_container, found))} start a container; "
        f"{sum(one.case.sample for one in found)} are the sample.\n"
    )


def _engines(results: Results, found: tuple[Found, ...]) -> str:
    ids = {one.id for one in found}
    rows = [
        "| engine | passed | refused with a reason | failed | known to fail | does not apply |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for engine in ENGINES:
        of = {id: word for id, word in results.get(engine, {}).items() if id in ids}
        count = Counter(map(_outcome, of.values()))
        cells = [str(count[word]) for word in ("passed", "refused", "failed", "known", "not here")]
        rows.append(f"| {engine} | {' | '.join(cells if of else ['not run', '', '', '', ''])} |")
    return "\n".join(rows) + "\n"


def _sections(every: Mapping[str, Sentence], found: tuple[Found, ...], results: Results) -> Iterator[str]:
    for section in dict.fromkeys(one.section for one in every.values()):
        yield f"## {section}\n"
        yield f"| sentence | | cases | {' | '.join(ENGINES)} |\n| --- | --- | --- |{' --- |' * len(ENGINES)}"
        for sentence in (one for one in every.values() if one.section == section):
            yield _row(sentence, [one for one in found if sentence.id in one.case.shows], results)
        yield ""


def _row(sentence: Sentence, found: list[Found], results: Results) -> str:
    names = "<br>".join(_cell(one.id.replace("::", ": ")) for one in found) or "–"
    words = " | ".join(_word([results.get(engine, {}).get(one.id) for one in found]) for engine in ENGINES)
    return f"| `{sentence.id}` | {_cell(sentence.text)} | {names} | {words} |"


def _word(words: list[str | None]) -> str:
    """How the cases of one sentence came out together on one engine."""
    ran = [_outcome(word) for word in words if word]
    return next((word for word in ("failed", "known", "passed", "refused", "not here") if word in ran), "")


def _outcome(word: str) -> str:
    """Without its reason."""
    return word.partition(": ")[0]


def _without(every: Mapping[str, Sentence], found: tuple[Found, ...]) -> str:
    rows = [f"- `{one.id}`: {one.left or 'no case yet'}." for one in uncovered(every, found)]
    return "\n".join(["## Sentences without a case\n", *(rows or ["None."]), ""])


def _elsewhere(results: Results) -> str:
    """Cases that fail as is known, and those that do not apply on an engine."""
    known = [f"- {one.id.replace('::', ': ')}: {one.case.known}" for one in cases() if one.case.known]
    reasons = [
        f"- {engine}: {id.replace('::', ': ')}: {word.removeprefix('not here: ')}"
        for engine, of in results.items()
        for id, word in of.items()
        if _outcome(word) in ("not here", "refused")
    ]
    return "\n".join(
        [
            "## Known to fail\n",
            *(known or ["None."]),
            "",
            "## Not on every engine\n",
            *(reasons or ["None."]),
            "",
        ]
    )


def _mutation() -> str:
    title = "## Small changes of the code\n"
    if not MUTATION.exists():
        return f"{title}\nNot run yet.\n"
    last: dict[str, Any] = json.loads(MUTATION.read_text())
    same = equivalent()
    survivors = last["survivors"]
    argued = [one for one in survivors if one in same]
    rows = [f"- `{one}`: {same.get(one, 'not noticed')}" for one in survivors]
    counted = last["changes"] - len(argued)
    noticed = last["noticed"]
    return "\n".join(
        [
            title,
            f"`make mutation` makes {last['changes']} changes (seed {last['seed']}) in a copy of "
            "`src/moorage/devcontainer`, one at a time: comparisons swapped, conditions negated, constants "
            f"changed, statements removed, arguments swapped. The unit tests of that room noticed {noticed}: "
            f"{100 * noticed / last['changes']:.0f} %, {100 * noticed / counted:.0f} % of those that make a "
            "difference." + "".join(map(_other, last.get("others", ()))) + " What they did not notice:\n",
            *(rows or []),
        ]
    )


def _other(sample: Mapping[str, int]) -> str:
    """Tests are written for what our own sample shows; another tells how it is elsewhere."""
    percent = 100 * sample["noticed"] / sample["changes"]
    return f" Of {sample['changes']} others (seed {sample['seed']}) they noticed {percent:.0f} %."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
