"""From options to a driver: finds the cluster that they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...kube.client import Cluster
from ...kube.kubeconfig import Wanted, find
from .driver import KubernetesDriver
from .options import Options


def opened(
    options: Options, environ: Mapping[str, str], home: str, say: Callable[[str], None] | None = None
) -> KubernetesDriver:
    """A driver on the cluster that `options` and `environ` name. Nothing is contacted yet.

    With `path` all goes through that kubectl, or what takes its place. Raises what `kubeconfig.find` and
    `through.through` raise.
    """
    if options.path:
        return KubernetesDriver(_led(options, environ, home, say), options, say)
    access = find(_wanted(options), environ, home)
    return KubernetesDriver(Cluster(access, environ, say=say), options, say)


def _wanted(options: Options) -> Wanted:
    return Wanted(
        config=options.config,
        context=options.context,
        namespace=options.namespace,
        host=options.host,
        certificate_authority=options.certificate_authority,
        token_file=options.token_file,
        client_certificate=options.client_certificate,
        client_key=options.client_key,
        kubeconfig=options.use_kubeconfig,
    )


def _led(
    options: Options, environ: Mapping[str, str], home: str, say: Callable[[str], None] | None
) -> Cluster:
    from ...kube.through import led_through, through  # only where `path` names a program

    way = through(options.path, config=options.config, context=options.context, environ=environ, home=home)
    access = led_through(find(_wanted(options), environ, home), way)
    return Cluster(access, environ, say=say, through=way)
