"""The specification's normative sentences, in our words, each with an id that cases name."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.conformance.case import Broken, parsed

SENTENCES = Path(__file__).parent / "sentences"


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: a part of the specification. `left` says of sentences that bind others why they do."""

    section: str
    source: str
    sentences: dict[str, str]
    left: dict[str, str] = {}


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """`left` is why the sentence binds somebody else (an editor, a publisher of images), or empty."""

    id: str
    text: str
    section: str
    left: str = ""


def sections() -> tuple[Section, ...]:
    """All of them in the order of their files. Raises Broken."""
    return tuple(parsed(path, Section) for path in sorted(SENTENCES.glob("*.yaml")))


def sentences() -> dict[str, Sentence]:
    """By id. Raises Broken where an id is given twice."""
    found: dict[str, Sentence] = {}
    for section in sections():
        if unknown := set(section.left) - set(section.sentences):
            raise Broken(f"{section.section}: `left` names {sorted(unknown)}, which are no sentences")
        for id, text in section.sentences.items():
            if id in found:
                raise Broken(f"{id} is a sentence of {found[id].section} and of {section.section}")
            found[id] = Sentence(id=id, text=text, section=section.section, left=section.left.get(id, ""))
    return found
