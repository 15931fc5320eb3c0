"""A workspace's template in each of its runs: its record completes the request and the driver's options.

Nothing here knows templates themselves: what they came to is in the workspace's own record.
"""

from __future__ import annotations

import msgspec

from moorage.drivers.base import Listed
from moorage.drivers.kubernetes.options import parse
from moorage.events import Notice
from moorage.planner.request import Request
from moorage.spec import names
from moorage.spec.source import GitSource, Source, canonical
from moorage.spec.source import parse as parse_source
from moorage.spec.template import Templated, read
from moorage.workspace.opening import file_text, insecure
from moorage.workspace.placing import placed
from moorage.workspace.site import Site


def complete(request: Request, site: Site) -> Request:
    """The request with what its template adds, on a site with the template's options.

    What a person gives in this run wins. Raises BadOption.
    """
    record = read(request.template)
    if record is None:
        text = "What the workspace remembers of its template cannot be read; it is left as it is."
        hint = "Use a moorage at least as new as the one that made it."
        site.reporter.emit(Notice(level="warning", code="template-unreadable", text=text, hint=hint))
        return placed(request, site)
    _take(site, record)
    added = msgspec.structs.replace(
        request,
        source=_as_given(request.source, record.source),
        environment=(*record.environment.items(), *request.environment),
        mounts=(*record.mounts, *request.mounts),
        run_args=(*record.run_args, *request.run_args),
        features={**record.features, **request.features},
        submodules=record.submodules or request.submodules,
        lfs=record.lfs or request.lfs,
    )
    return placed(added, site)


def record_of(listed: Listed) -> Templated | None:
    """What a workspace remembers; None where it was made without a template."""
    text = listed.labels.get(names.TEMPLATE, "")
    return read(text) if text else None


async def made_way(request: Request, site: Site, listed: Listed, why: str) -> Request:
    """The request with the container that exists about to go, because its template's values have changed.

    A pod that does not run is not started once more with its old values: they may be why it does not.
    """
    if not listed.container:
        return request
    if site.cluster and listed.state != "running":
        await site.driver.remove(listed.container)
        return request
    return msgspec.structs.replace(request, anew=why)


def _as_given(source: Source, text: str) -> Source:
    """The repository by the URL that it was given by, where that is the same one."""
    if not isinstance(source, GitSource) or not text:
        return source
    given = parse_source(text, cwd="/", is_folder=lambda _: False)
    return given if canonical(given) == canonical(source) else source


def _take(site: Site, record: Templated) -> None:
    """The template's options, after those of config.toml and before those of the command."""
    driver = "kubernetes" if site.cluster else "docker"
    given = {**site.preferences.drivers.get(driver, {}), **record.options, **site.given}
    if site.cluster is None:
        from moorage.drivers.docker.options import parse as parse_docker

        site.options = parse_docker(given)
        return
    settings = parse(given, home=site.environment.get("HOME", "/"), read=file_text)
    site.options = settings
    site.cluster.take(settings)
    site.preferences = insecure(site.preferences, settings)
