"""The answers so far: an immutable map from question to answer, typed at the point of use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from moorage.planner.questions import Question

T = TypeVar("T")


class Unanswered(Exception):
    """Raised inside the planner where it needs answers that it does not have; never leaves it."""

    def __init__(self, questions: tuple[Question, ...]) -> None:
        super().__init__(questions)
        self.questions = questions


class Facts:
    """What is known. `past` holds what this run has done that no observation shows, such as "initialize"."""

    def __init__(
        self, answers: Mapping[Question, object] | None = None, past: frozenset[str] = frozenset()
    ) -> None:
        self._answers = dict(answers or {})
        self.past = past

    def need(self, question: Question, kind: type[T]) -> T:
        """The answer, or `Unanswered`."""
        answer = self.need_optional(question, kind)
        if answer is None:
            raise TypeError(f"{question} was answered with nothing")
        return answer

    def need_optional(self, question: Question, kind: type[T]) -> T | None:
        """Like `need`, where None is an answer as well."""
        if question not in self._answers:
            raise Unanswered((question,))
        answer = self._answers[question]
        if answer is None or isinstance(answer, kind):
            return answer
        raise TypeError(f"{question} was answered with {type(answer).__name__}")

    def need_all(self, *questions: Question) -> None:
        """Ask for several things at once, so that they are answered side by side."""
        missing = tuple(question for question in questions if question not in self._answers)
        if missing:
            raise Unanswered(missing)

    def knows(self, question: Question) -> bool:
        return question in self._answers

    def every(self, question: type[Question], kind: type[T]) -> dict[Question, T]:
        """All answers so far to one kind of question."""
        return {q: a for q, a in self._answers.items() if isinstance(q, question) and isinstance(a, kind)}

    def answered(self, answers: Mapping[Question, object]) -> Facts:
        return Facts({**self._answers, **answers}, self.past)

    def without(self, *kinds: type) -> Facts:
        """Forget the answers to these kinds of question: a step has changed what they asked about."""
        return Facts({q: a for q, a in self._answers.items() if not isinstance(q, kinds)}, self.past)

    def after(self, deed: str) -> Facts:
        return Facts(self._answers, self.past | {deed})
