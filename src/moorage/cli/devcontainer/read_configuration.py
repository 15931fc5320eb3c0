"""`devcontainer read-configuration`."""

from __future__ import annotations

from typing import Any

import click

from moorage.cli.devcontainer import flags as f
from moorage.cli.devcontainer.parsing import ReferenceCommand
from moorage.cli.devcontainer.running import ended, place_of, printed, reporter_of, run, site_of
from moorage.compat.reference.reading import Reading
from moorage.events import Redacting


@click.command("read-configuration", cls=ReferenceCommand)
@f.flags(
    f.USER_DATA,
    f.DOCKER_PATH,
    f.COMPOSE_PATH,
    f.WORKSPACE_FOLDER,
    f.GIT_ROOT,
    f.CONTAINER_ID,
    f.ID_LABEL,
    f.CONFIG,
    f.OVERRIDE,
    f.LOGGING,
    f.TERMINAL,
    (
        f.switch("include-features-configuration", "Tell which Features there are."),
        f.switch("include-merged-configuration", "Tell what the file and its image come to together."),
    ),
    f.FEATURES,
)
def command(**values: Any) -> None:
    """Print the configuration as JSON, with its variables filled in."""
    reporter = reporter_of(values)
    printed(run(_read(values, reporter), reporter), reporter)
    ended(0)


async def _read(values: dict[str, Any], reporter: Redacting) -> dict[str, object]:
    from moorage.compat.reference.reading import NO_ENGINE, read, unaided

    merged, features = values["include_merged_configuration"], values["include_features_configuration"]
    asked = Reading(place=place_of(values), merged=merged, features=features)
    if merged or features:
        from moorage.compat.reference.request import features_of

        asked = asked.with_features(
            features_of(values["additional_features"]), not values["skip_feature_auto_mapping"]
        )
    if merged and asked.place.folder:
        from moorage.compat.reference.request import request_of

        asked = asked.wanting(request_of(asked.place, values))
    try:
        async with site_of(values, reporter) as site:
            return await read(asked, site)
    except NO_ENGINE:
        if merged or features:
            raise
        return unaided(asked.place)
