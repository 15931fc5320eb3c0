"""Brings a workspace about from a template, and changes the values of one that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from moorage.drivers.base import Listed
from moorage.events import Notice
from moorage.planner.request import Request
from moorage.spec import names
from moorage.spec.template import Templated, recorded
from moorage.templates import folders
from moorage.templates.choosing import Chosen, Given, choose, settled
from moorage.templates.errors import NotFromTemplate
from moorage.templates.mapping import Work
from moorage.templates.template import Setting, Template
from moorage.workspace.find import find, shown_source
from moorage.workspace.site import Site
from moorage.workspace.starting import request_of
from moorage.workspace.templated import made_way, record_of
from moorage.workspace.up import Up, up

Ask = Callable[[tuple[Setting, ...]], Mapping[str, Mapping[str, str]]]
"""Asks a person for values: answers by kind and name."""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made, from which values, and what was given for them."""

    given: Given
    chosen: Chosen
    work: Work


def decide(template: Template, given: Given, kept: Templated | None, ask: Ask | None) -> Decided:
    """Every value; what is missing is asked for, if somebody can be. Raises as `choose` and `settled`."""
    chosen = choose(template, given, kept)
    if chosen.missing and ask is not None:
        answers = ask(chosen.missing)
        given = Given(
            parameters={**given.parameters, **answers.get("parameter", {})},
            variables={**given.variables, **answers.get("variable", {})},
        )
        chosen = choose(template, given, kept)
    return Decided(given=given, chosen=chosen, work=settled(template, chosen))


async def bring_up(template: Template, decided: Decided, request: Request, site: Site) -> Up:
    """The workspace that these values mean. One that is there already keeps what is not given anew.

    Raises NotFromTemplate, BadParameters for what it may not change, and what `up` raises.
    """
    listed = await site.driver.list()
    there = next((each for each in listed if each.workspace == request.workspace), None)
    if there is None or (request.recreate and record_of(there) is None):
        return await up(_made_from(request, decided.work), site)
    kept = _kept(there, template)
    decided = decide(template, decided.given, kept, None)
    if decided.chosen.changes or decided.work.record.variables != kept.variables:
        return await _changed(request, site, there, kept, decided)
    _tell_of_newer(site, there, kept, decided.work)
    request = msgspec.structs.replace(request, rebuild=request.rebuild or decided.work.rebuild)
    return await up(msgspec.structs.replace(request, template=there.labels[names.TEMPLATE]), site)


async def update(text: str, given: Given, site: Site, ask: Ask | None, reference: str = "") -> Up:
    """A workspace with other values, or as its template is by now; made anew only where that differs.

    `reference` names another template to go on with. Raises as `find`, NotFromTemplate, NoTemplate,
    BadTemplate, BadParameters, and what `up` raises.
    """
    listed = await find(text, site)
    kept = record_of(listed)
    if kept is None:
        raise _without_template(listed)
    template = folders.load(reference or kept.template, site.environment)
    if template.driver != ("kubernetes" if site.cluster else "docker"):
        raise NotFromTemplate(
            f"The template {template.name} is for the {template.driver} driver; {listed.name} is elsewhere.",
            hint=f"Give --driver {template.driver} and the options that lead to the workspace.",
        )
    decided = decide(template, given, kept, ask)
    request = request_of(listed, site)
    if request is None:
        raise NotFromTemplate(
            f"The workspace {listed.name} cannot be made anew: {shown_source(listed)} is gone.",
            hint="Bring the folder back, or delete the workspace.",
        )
    if decided.work.record == kept and not decided.chosen.ephemeral:
        return await up(_made_from(request, decided.work), site)
    return await _changed(request, site, listed, kept, decided)


async def _changed(request: Request, site: Site, listed: Listed, kept: Templated, decided: Decided) -> Up:
    what = ", ".join(decided.chosen.changes) or _difference(kept, decided.work.record)
    why = f"its template's values have changed: {what}"
    return await up(await made_way(_made_from(request, decided.work), site, listed, why), site)


def _made_from(request: Request, work: Work) -> Request:
    rebuild = request.rebuild or work.rebuild
    return msgspec.structs.replace(request, template=recorded(work.record), rebuild=rebuild)


def _difference(kept: Templated, now: Templated) -> str:
    """What of the outcome is another than before, by name only."""
    fields = (field for field in Templated.__struct_fields__ if getattr(kept, field) != getattr(now, field))
    return ", ".join(fields) or "for this run"


def _kept(listed: Listed, template: Template) -> Templated:
    kept = record_of(listed)
    if kept is None:
        raise _without_template(listed)
    if kept.template != template.reference:
        raise NotFromTemplate(
            f"The workspace {listed.name} is from the template {kept.template}, not {template.reference}.",
            hint=f"Run `moorage update {listed.name} --template {template.reference}` to go over to it.",
        )
    return kept


def _without_template(listed: Listed) -> NotFromTemplate:
    return NotFromTemplate(
        f"The workspace {listed.name or listed.workspace} was not made from a template.",
        hint="Give `moorage template up` --recreate to make its container anew from one; its files stay.",
    )


def _tell_of_newer(site: Site, listed: Listed, kept: Templated, work: Work) -> None:
    if work.record == kept:
        return
    text = f"The template has changed since this workspace was made: {_difference(kept, work.record)}."
    hint = f"Run `moorage update {listed.name}` to apply it; files in the workspace folder stay."
    site.reporter.emit(Notice(level="warning", code="template-changed", text=text, hint=hint))
