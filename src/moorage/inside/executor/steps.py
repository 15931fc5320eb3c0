"""From the instructions of one stage to its steps. Pure.

Variables are those that the builder sees: what the image's environment says, and arguments from their ARG on.
"""

from __future__ import annotations

import posixpath
import re
import signal
from collections.abc import Callable, Mapping

import msgspec

from moorage.dockerfile.evaluate import Evaluated
from moorage.dockerfile.expand import BadSubstitution, expand_text
from moorage.dockerfile.instruction import Dockerfile, Heredoc, Instruction
from moorage.dockerfile.stages import expand_in
from moorage.dockerfile.words import json_words, split
from moorage.inside.executor import configuration as configure
from moorage.inside.executor.configuration import COMMENT, Config, Configuration, Event, Healthcheck
from moorage.inside.executor.copying.face import Copying
from moorage.inside.executor.errors import StepRefused, refused
from moorage.inside.executor.mounting import BadMount, mount
from moorage.inside.executor.step import Copy, Folder, Origin, Run, Step

Act = Run | Copy | Folder | None
Find = Callable[[Instruction, str], Origin]
"""The origin that a name in `--from` means."""

PIPES = "/dev/pipes"
"""Where a here-document with an interpreter of its own lies while it runs, as in BuildKit."""

_FLAGS: dict[str, frozenset[str]] = {
    "ADD": frozenset({"chown", "chmod", "link", "checksum", "keep-git-dir", "exclude", "unpack"}),
    "COPY": frozenset({"from", "chown", "chmod", "link", "parents", "exclude"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
    "RUN": frozenset({"mount", "network", "security", "device"}),
}
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
_HEREDOC = re.compile(r"\d*<<-?[^<]+")
_NEVER_TRIGGERED = ("FROM", "MAINTAINER", "ONBUILD")


class Begin(msgspec.Struct, frozen=True):
    """What a stage starts with. `declared` are the names of ARG so far, of stages that it continues."""

    configuration: Configuration
    variables: dict[str, str]
    declared: tuple[str, ...] = ()


class Steps:
    """Goes through one stage; `begin` of the next one that continues it is `end` of this."""

    def __init__(
        self, dockerfile: Dockerfile, begin: Begin, arguments: Mapping[str, str], find: Find, now: str
    ) -> None:
        self._dockerfile = dockerfile
        self._arguments = arguments
        self._find = find
        self._now = now
        self._configuration = begin.configuration
        self._variables = dict(begin.variables)
        self._declared = dict.fromkeys(begin.declared)
        self._has_command = False
        self._notes: list[str] = []

    @property
    def end(self) -> Begin:
        """Where a stage starts that continues this one."""
        return Begin(self._configuration, self._variables, tuple(self._declared))

    def step(self, evaluated: Evaluated) -> Step:
        """The next one. Raises StepRefused and BrokenDockerfile."""
        instruction = evaluated.instruction
        self._check_flags(instruction)
        self._notes = []
        act, said = self._carried_out(evaluated)
        if said:
            self._record(said, empty=act is None)
        return Step(instruction=instruction, act=act, after=self._configuration, notes=tuple(self._notes))

    def _carried_out(self, evaluated: Evaluated) -> tuple[Act, str]:
        """What is to be done, and the words for the history."""
        instruction = evaluated.instruction
        match instruction.keyword:
            case "ARG" | "ENV" | "LABEL":
                return None, self._assign(evaluated)
            case "RUN":
                return self._run(evaluated)
            case "COPY" | "ADD":
                return self._copy(evaluated)
            case "WORKDIR":
                return self._folder(instruction)
            case "USER":
                self._change(user=evaluated.words[0])
                return None, f"USER {evaluated.words[0]}"
            case "CMD" | "ENTRYPOINT" | "SHELL":
                return None, self._command(instruction)
            case "EXPOSE" | "VOLUME":
                return None, self._listed(instruction)
            case "STOPSIGNAL":
                return None, self._stop_signal(instruction)
            case "HEALTHCHECK":
                return None, self._healthcheck(instruction)
            case "MAINTAINER":
                self._configuration = msgspec.structs.replace(
                    self._configuration, author=instruction.arguments
                )
                return None, f"MAINTAINER {instruction.arguments}"
            case "ONBUILD":
                return None, self._trigger(instruction)
        raise self._refused(instruction, f"{instruction.keyword} is not known here")

    def _assign(self, evaluated: Evaluated) -> str:
        given = [(name, value) for name, value in evaluated.assigned if value is not None]
        match evaluated.instruction.keyword:
            case "ARG":
                self._declared |= dict.fromkeys(name for name, _ in evaluated.assigned)
                self._variables.update(given)
            case "ENV":
                self._variables.update(given)
                self._configuration = msgspec.structs.replace(
                    self._configuration, config=configure.with_variables(self._config, given)
                )
            case _:
                self._change(labels={**(self._config.labels or {}), **dict(given)})
        words = (name if value is None else f"{name}={value}" for name, value in evaluated.assigned)
        return " ".join((evaluated.instruction.keyword, *words))

    def _run(self, evaluated: Evaluated) -> tuple[Run, str]:
        instruction = evaluated.instruction
        command, script = self._program(instruction)
        self._check_run(evaluated)
        try:
            mounts = tuple(
                mount(value, self._config.working_dir, lambda name: self._find(instruction, name))
                for name, value in evaluated.flags
                if name == "mount" and value
            )
        except BadMount as error:
            raise self._refused(instruction, str(error)) from error
        run = Run(
            command=command,
            environment=tuple({**self._variables, **self._proxies()}.items()),
            user=self._config.user,
            folder=self._config.working_dir or "/",
            mounts=mounts,
            script=script,
        )
        declared = [f"{name}={self._variables.get(name, '')}" for name in self._declared]
        said = ["RUN", *([f"|{len(declared)}", *declared] if declared else []), *command, "# buildkit"]
        return run, " ".join(said)

    def _program(self, instruction: Instruction) -> tuple[tuple[str, ...], str | None]:
        """The command line, and the here-document that is a program itself."""
        if instruction.json:
            if not instruction.words:
                raise self._refused(instruction, "RUN has no command")
            return instruction.words, None
        shell, text, script = self._config.shell_or_default, instruction.arguments, None
        if not text and not instruction.heredocs:
            raise self._refused(instruction, "RUN has no command")
        if instruction.heredocs and _HEREDOC.fullmatch(text) and len(split(text)) == 1:
            first = instruction.heredocs[0]
            if first.content.startswith("#!"):
                text, script = f"{PIPES}/{first.name}", first.content
            else:
                text = first.content
        else:
            text += "".join(f"\n{each.content}{each.name}" for each in instruction.heredocs)
        return (*shell, text), script

    def _check_run(self, evaluated: Evaluated) -> None:
        instruction = evaluated.instruction
        network, security = instruction.flag("network"), instruction.flag("security")
        if network not in (None, "default", "host", "none"):
            raise self._refused(instruction, f"--network={network} is none of default, none and host")
        if network == "none":
            self._notes.append("--network=none: a container without privilege cannot take the network away")
        if security not in (None, "sandbox", "insecure"):
            raise self._refused(instruction, f"--security={security} is none of sandbox and insecure")
        if security == "insecure":
            raise self._refused(
                instruction,
                "--security=insecure needs privileges that this builder has not",
                "Use a builder with an engine.",
            )
        if instruction.flag("device") is not None:
            raise self._refused(
                instruction,
                "--device needs an engine that hands devices out",
                "Use a builder with an engine.",
            )

    def _proxies(self) -> dict[str, str]:
        """Arguments that need no ARG and leave no trace in the image."""
        found: dict[str, str] = {}
        for name, value in self._arguments.items():
            if name.upper() in _PROXIES:
                found |= {
                    spelt: value for spelt in (name.upper(), name.lower()) if spelt not in self._variables
                }
        return found

    def _copy(self, evaluated: Evaluated) -> tuple[Copy, str]:
        instruction, flags = evaluated.instruction, dict(evaluated.flags)
        is_add = instruction.keyword == "ADD"
        if len(evaluated.words) < 2:
            raise self._refused(instruction, f"{instruction.keyword} needs a source and a destination")
        *sources, destination = evaluated.words
        heredocs = instruction.heredocs
        plain = tuple(word for word in sources if not (heredocs and _HEREDOC.fullmatch(word)))
        copying = Copying(
            sources=plain,
            destination=destination,
            folder=self._config.working_dir or "/",
            owner=None,
            mode=flags.get("chmod") or "",
            parents=self._switch(instruction, "parents"),
            exclude=tuple(self._expand(instruction, v) for v in instruction.flag_values("exclude")),
            link=self._switch(instruction, "link"),
            add=is_add,
            unpack=is_add and (not self._has(instruction, "unpack") or self._switch(instruction, "unpack")),
            unpack_fetched=self._switch(instruction, "unpack"),
            keep_git_dir=self._switch(instruction, "keep-git-dir"),
            checksum=flags.get("checksum") or "",
            heredocs=tuple((each.name, self._document(instruction, each)) for each in heredocs),
        )
        name = instruction.flag("from")
        origin = self._find(instruction, name) if name else Origin("context")
        said = [
            instruction.keyword,
            *(["--parents"] if copying.parents else []),
            *(f"--{flag}={flags[flag]}" for flag in ("chown", "chmod") if flags.get(flag)),
            *plain,
            *(f"<<{each.name}" for each in heredocs),
            destination,
            "# buildkit",
        ]
        return Copy(copying=copying, origin=origin, owner=flags.get("chown") or ""), " ".join(said)

    def _document(self, instruction: Instruction, heredoc: Heredoc) -> bytes:
        if not heredoc.expand:
            return heredoc.content.encode("utf-8", "surrogateescape")
        try:
            return expand_text(heredoc.content, self._variables).encode("utf-8", "surrogateescape")
        except BadSubstitution as error:
            raise self._refused(instruction, f"cannot expand {heredoc.name}: {error}") from error

    def _folder(self, instruction: Instruction) -> tuple[Folder | None, str]:
        written = self._expand(instruction, instruction.arguments)
        if not written:
            raise self._refused(instruction, "WORKDIR names no folder")
        path = posixpath.normpath(posixpath.join(self._config.working_dir or "/", written))
        path = "/" + path.lstrip("/")
        self._change(working_dir=path)
        return (Folder(path=path, user=self._config.user) if path != "/" else None), f"WORKDIR {path}"

    def _command(self, instruction: Instruction) -> str:
        words, keyword = instruction.words, instruction.keyword
        if not instruction.json:
            if keyword == "SHELL":
                raise self._refused(
                    instruction, "SHELL needs the JSON form", 'Write SHELL ["program", "argument"].'
                )
            words = (*self._config.shell_or_default, instruction.arguments)
        if keyword == "SHELL":
            self._change(shell=words)
            return f"SHELL [{' '.join(words)}]"
        if keyword == "CMD":
            self._change(cmd=words or None, args_escaped=True)
            self._has_command = True
        else:
            self._change(entrypoint=words or None, cmd=self._config.cmd if self._has_command else None)
        return f"{keyword} [{' '.join(_quoted(word) for word in words)}]"

    def _listed(self, instruction: Instruction) -> str:
        """EXPOSE, whose words BuildKit sorts as they are written, and VOLUME."""
        is_volume = instruction.keyword == "VOLUME"
        written = instruction.words if is_volume else sorted(instruction.words)
        words = [self._expand(instruction, word) for word in written]
        if not words:
            raise self._refused(instruction, f"{instruction.keyword} names nothing")
        if is_volume:
            if "" in words:
                raise self._refused(instruction, "VOLUME names an empty path")
            config = configure.with_volumes(self._config, words)
        else:
            try:
                words = configure.exposed(words)
            except configure.BadPort as error:
                raise self._refused(instruction, f"{error} is no port") from error
            config = configure.with_ports(self._config, words)
        self._configuration = msgspec.structs.replace(self._configuration, config=config)
        return f"{instruction.keyword} [{' '.join(words)}]"

    def _stop_signal(self, instruction: Instruction) -> str:
        name = self._expand(instruction, instruction.arguments)
        if not _is_signal(name):
            raise self._refused(instruction, f"there is no signal {name}", "Write SIGTERM, or a number.")
        self._change(stop_signal=name)
        return f"STOPSIGNAL {name}"

    def _healthcheck(self, instruction: Instruction) -> str:
        kind, *rest = instruction.arguments.split(None, 1) or [""]
        if kind.upper() == "NONE":
            found = Healthcheck(test=("NONE",))
        elif kind.upper() == "CMD" and rest:
            words = json_words(rest[0])
            found = Healthcheck(
                test=("CMD-SHELL", rest[0]) if words is None else ("CMD", *words),
                interval=self._time(instruction, "interval"),
                timeout=self._time(instruction, "timeout"),
                start_period=self._time(instruction, "start-period"),
                start_interval=self._time(instruction, "start-interval"),
                retries=self._retries(instruction),
            )
        else:
            raise self._refused(instruction, "HEALTHCHECK needs NONE or CMD with a command")
        self._change(healthcheck=found)
        times = (found.interval, found.timeout, found.start_period, found.start_interval)
        names = ("Interval", "Timeout", "StartPeriod", "StartInterval")
        said = " ".join(f"{name}:{configure.duration(t)}" for name, t in zip(names, times, strict=True))
        return f"HEALTHCHECK {{Test:[{' '.join(found.test or ())}] {said} Retries:{found.retries}}}"

    def _time(self, instruction: Instruction, name: str) -> int:
        try:
            return configure.seconds(value) if (value := instruction.flag(name)) else 0
        except ValueError as error:
            raise self._refused(instruction, f"--{name}: {error}") from error

    def _retries(self, instruction: Instruction) -> int:
        value = instruction.flag("retries") or "0"
        if not value.isdecimal():
            raise self._refused(instruction, f"--retries={value} is no number")
        return int(value)

    def _trigger(self, instruction: Instruction) -> str:
        keyword = instruction.arguments.split(None, 1)[0].upper() if instruction.arguments else ""
        if not keyword or keyword in _NEVER_TRIGGERED:
            raise self._refused(instruction, f"ONBUILD cannot hold {keyword or 'nothing'}")
        text = trigger(instruction)
        self._change(on_build=(*(self._config.on_build or ()), text))
        return ""  # the history of BuildKit's images has no line for it

    def _check_flags(self, instruction: Instruction) -> None:
        known = _FLAGS.get(instruction.keyword, frozenset())
        for name, _ in instruction.flags:
            if name not in known:
                all_of_them = ", ".join(f"--{each}" for each in sorted(known))
                raise self._refused(
                    instruction, f"{instruction.keyword} has no flag --{name}", f"It has {all_of_them}."
                )

    def _has(self, instruction: Instruction, name: str) -> bool:
        return any(key == name for key, _ in instruction.flags)

    def _switch(self, instruction: Instruction, name: str) -> bool:
        given = [value for key, value in instruction.flags if key == name]
        if not given:
            return False
        value = given[-1]
        if value is None or value.lower() == "true":
            return True
        if value.lower() == "false":
            return False
        raise self._refused(instruction, f"--{name}={value} is neither true nor false")

    def _record(self, said: str, *, empty: bool) -> None:
        event = Event(created=self._now, created_by=said, comment=COMMENT, empty_layer=empty)
        history = (*self._configuration.history, event)
        self._configuration = msgspec.structs.replace(self._configuration, history=history, created=self._now)

    @property
    def _config(self) -> Config:
        return self._configuration.config

    def _change(self, **fields: object) -> None:
        config = msgspec.structs.replace(self._config, **fields)
        self._configuration = msgspec.structs.replace(self._configuration, config=config)

    def _expand(self, instruction: Instruction, word: str) -> str:
        return expand_in(self._dockerfile, instruction, word, self._variables)

    def _refused(self, instruction: Instruction, message: str, hint: str = "") -> StepRefused:
        return refused(self._dockerfile.file, instruction, message, hint)


def trigger(instruction: Instruction) -> str:
    """What ONBUILD leaves in the image: the instruction behind it, with its here-documents."""
    documents = "".join(f"\n{each.content}{each.name}" for each in instruction.heredocs)
    return f"{instruction.arguments}{documents}"


def _quoted(word: str) -> str:
    """As Go quotes a string."""
    return msgspec.json.encode(word).decode()


def _is_signal(name: str) -> bool:
    if name.isdecimal():
        return 0 < int(name) < signal.NSIG
    upper = name.upper().removeprefix("SIG")
    return (
        re.fullmatch(r"RTM(IN\+\d+|AX-\d+)", upper) is not None or f"SIG{upper}" in signal.Signals.__members__
    )
