"""Runs one command: the only place where a coroutine becomes a call and an error becomes an exit code."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from typing import NoReturn, TypeVar

from moorage.cli.report import Output, reporter_for
from moorage.errors import MoorageError
from moorage.events import Failed, Redacting, failed

T = TypeVar("T")

INTERRUPTED = 130


def run(
    work: Coroutine[object, object, T], output: Output, reporter: Redacting, exit_code: int | None = None
) -> T:
    """The result, or the end of the process: errors are printed once here, in the form that was asked for.

    `exit_code` stands for those of all errors, where an error must be told from the result of the work.
    """
    try:
        return asyncio.run(cancelled_by_signals(work))
    except MoorageError as error:
        fail(error, output, reporter, exit_code)
    except Exception as error:
        fail(_disk_full(error) or defect(error), output, reporter, exit_code)
    except (KeyboardInterrupt, asyncio.CancelledError):
        reporter.emit(Failed(code="interrupted", exit_code=INTERRUPTED, message="Interrupted."))
        sys.exit(INTERRUPTED)


def fail(error: MoorageError, output: Output, reporter: Redacting, exit_code: int | None = None) -> NoReturn:
    """Print the error and leave with its exit code."""
    event = failed(error, exit_code)
    reporter.emit(event)
    if output.result == "json":
        clean = [reporter.text(line) for line in event.evidence]
        body = {
            "outcome": "error",
            "code": event.code,
            "message": reporter.text(event.message),
            "evidence": clean,
            "hint": reporter.text(event.hint),
        }
        from moorage.cli.report.plain import json_text  # only failures need it

        print(json_text(body))
    sys.exit(event.exit_code)


def _disk_full(error: Exception) -> MoorageError | None:
    """A full disk of this machine can meet any file that is written; which one is not known everywhere."""
    import errno

    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    from moorage.engine.errors import DiskFull

    return DiskFull(
        "A disk of this machine is full.",
        evidence=(str(error), *defect(error).evidence[-4:-1]),
        hint="Free space in the folder for temporary files (TMPDIR), the home folder and the project.",
    )


def defect(error: Exception) -> MoorageError:
    """What no room foresaw is a defect of moorage, told like any other error, with where it came from."""
    import traceback

    lines = [line for part in traceback.format_exception(error) for line in part.splitlines()]
    return MoorageError(
        f"moorage has a defect: {type(error).__name__}: {error}",
        evidence=tuple(lines[-8:]),
        hint="Run the command again; if it stays, report it with these lines.",
    )


def open_reporter(output: Output) -> Redacting:
    """The sink that the options ask for, behind the redaction of secrets."""
    return Redacting(reporter_for(output))


async def cancelled_by_signals(work: Coroutine[object, object, T]) -> T:
    """SIGTERM and SIGHUP end the work as Ctrl-C does, so that children are not left behind."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    return await task
