"""Which cluster, as whom, in which namespace: options, then kubeconfig files, then the pod's own account.

The order and the merging are client-go's. Nothing is contacted and no program is started here.
"""

from __future__ import annotations

import os
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Iterable, Mapping
from typing import NoReturn

import msgspec

from .access import Access, Impersonation, Pem, Plugin, User
from .document import AuthInfo, Context, Entry, Merged, read, typed_extension
from .errors import BadClusterOption, BadKubeconfig, ClusterMissing

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where a pod finds the token, the authority and the namespace of its account."""
_PLUGIN_EXTENSION = "client.authentication.k8s.io/exec"
_ALPHA, _GROUP = "client.authentication.k8s.io/v1alpha1", "client.authentication.k8s.io/"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The driver's options for the way to the cluster; an empty one says nothing.

    With `host` no kubeconfig is read; the other ones then say what it would have said.
    """

    config: str = ""
    context: str = ""
    namespace: str = ""
    host: str = ""
    certificate_authority: str = ""
    token_file: str = ""
    client_certificate: str = ""
    client_key: str = ""
    kubeconfig: bool | None = None
    """Whether only a kubeconfig counts (True), only the pod's own account (False), or what there is."""


def find(wanted: Wanted, environ: Mapping[str, str], home: str, *, account: str = ACCOUNT) -> Access:
    """The access to use. `home` stands for `~`.

    Raises ClusterMissing, BadKubeconfig (with the nearest context's name), BadClusterOption.
    """
    _check(wanted, home)
    access = _found(wanted, environ, home, account)
    user = msgspec.structs.replace(access.user, **_chosen_user(wanted, home))
    changes: dict[str, object] = {"user": user}
    if wanted.certificate_authority:
        changes |= {"authority": Pem(file=expanded(wanted.certificate_authority, home)), "insecure": False}
    if wanted.namespace:
        changes["namespace"] = wanted.namespace
    return msgspec.structs.replace(access, **changes)


def files_of(wanted: str, environ: Mapping[str, str], home: str) -> tuple[str, ...]:
    """The kubeconfig files to merge: `config`, else KUBECONFIG's list, else ~/.kube/config."""
    if wanted:
        return (expanded(wanted, home),)
    listed = [expanded(each, home) for each in environ.get("KUBECONFIG", "").split(os.pathsep) if each]
    return tuple(dict.fromkeys(listed)) or (f"{home}/.kube/config",)


def expanded(path: str, home: str) -> str:
    """`path` with a leading ~ as the home folder, absolute."""
    path = home + path[1:] if path == "~" or path.startswith("~/") else path
    return os.path.abspath(path)  # noqa: PTH100 - pathlib is not loaded on the warm path


def _found(wanted: Wanted, environ: Mapping[str, str], home: str, account: str) -> Access:
    if wanted.host:
        return Access(server=_url(wanted.host, BadClusterOption), origin="option host")
    if wanted.kubeconfig is False:
        return _in_cluster(environ, account) or _no_account(account)
    files = files_of(wanted.config, environ, home)
    merged = read(files)
    if wanted.config and not merged.files:
        raise BadKubeconfig(
            f"There is no kubeconfig {files[0]}.", hint="Correct the option `config`, or leave it out."
        )
    if merged or wanted.context:
        return of_context(merged, wanted.context, files)
    inside = None if wanted.kubeconfig else _in_cluster(environ, account)
    if inside:
        return inside
    looked = "a pod's account is not looked for" if wanted.kubeconfig else "no service account of a pod"
    raise ClusterMissing(
        "Nothing says which Kubernetes cluster to use.",
        evidence=(f"no contexts in {', '.join(files)}", looked),
        hint="Get a kubeconfig from who runs the cluster (KUBECONFIG or ~/.kube/config), or set `host`.",
    )


def of_context(merged: Merged, name: str, files: tuple[str, ...] = ()) -> Access:
    """What a context (empty: the current one) of merged files says. Raises BadKubeconfig."""
    chosen = name or merged.current
    where = ", ".join(merged.files or files)
    if not chosen:
        raise BadKubeconfig(
            f"No context is chosen in {where}.",
            evidence=_listed("contexts", merged.contexts),
            hint="Choose one with `kubectl config use-context NAME` or the option `context`.",
        )
    context = merged.contexts.get(chosen)
    if context is None:
        raise _unknown("context", chosen, merged.contexts, where)
    cluster = merged.clusters.get(context.context.cluster)
    if cluster is None:
        raise _unknown(
            "cluster", context.context.cluster, merged.clusters, f"{context.file}, context {chosen}"
        )
    user = merged.users.get(context.context.user)
    if user is None and context.context.user:
        raise _unknown("user", context.context.user, merged.users, f"{context.file}, context {chosen}")
    return _access(chosen, context, cluster, user)


def _access(name: str, context: Entry, cluster: Entry, user: Entry | None) -> Access:
    told = cluster.cluster
    place = f"{cluster.file}, cluster {context.context.cluster}"
    return Access(
        server=_url(told.server, BadKubeconfig, place),
        namespace=context.context.namespace or "default",
        user=_user(user, cluster, context.context) if user else User(),
        authority=_pem(
            cluster, told.certificate_authority, told.certificate_authority_data, f"{place}, authority"
        ),
        server_name=told.tls_server_name,
        insecure=told.insecure_skip_tls_verify,
        proxy=told.proxy_url,
        context=name,
        origin=f"context {name} of {context.file}",
    )


def _user(entry: Entry, cluster: Entry, context: Context) -> User:
    told = entry.user
    place = f"{entry.file}, user {context.user}"
    return User(
        token=told.token or _id_token(told, place),
        token_file=entry.path(told.token_file),
        username=told.username,
        password=told.password,
        certificate=_pem(
            entry, told.client_certificate, told.client_certificate_data, f"{place}, client-certificate"
        ),
        key=_pem(entry, told.client_key, told.client_key_data, f"{place}, client-key"),
        plugin=_plugin(entry, cluster, context.cluster, place) if told.exec else None,
        impersonation=Impersonation(
            user=told.impersonate,
            uid=told.impersonate_uid,
            groups=told.impersonate_groups,
            extra=tuple(told.impersonate_extra.items()),
        ),
    )


def _plugin(entry: Entry, cluster: Entry, cluster_name: str, place: str) -> Plugin | None:
    told = entry.user.exec
    if told is None:
        return None
    if told.api_version == _ALPHA or not told.api_version.startswith(_GROUP) or not told.command:
        raise BadKubeconfig(
            f"The credential plugin {told.command!r} speaks {told.api_version or 'nothing'}.",
            evidence=(f"{place}, exec",),
            hint="Update the plugin and its entry to client.authentication.k8s.io/v1. " + told.install_hint,
        )
    mode = told.interactive_mode or "IfAvailable"
    if mode not in ("Never", "IfAvailable", "Always"):
        raise BadKubeconfig(
            f"interactiveMode is {mode!r}.",
            evidence=(f"{place}, exec",),
            hint="Write Never, IfAvailable or Always.",
        )
    extension = b""
    if told.provide_cluster_info and cluster.cluster.extensions:
        extension = typed_extension(cluster.file, cluster_name, _PLUGIN_EXTENSION)
    return Plugin(
        version=told.api_version,
        command=entry.path(told.command) if "/" in told.command else told.command,
        arguments=told.args,
        environment=tuple((each.name, each.value) for each in told.env),
        hint=told.install_hint,
        interactive=mode,
        cluster_info=told.provide_cluster_info,
        cluster=extension,
    )


def _id_token(told: AuthInfo, place: str) -> str:
    """Of the old auth providers only oidc is left in Kubernetes; its id token is a bearer token."""
    provider = told.auth_provider
    if provider is None or told.exec or told.token_file or told.username:
        return ""
    token = provider.config.get("id-token", "")
    if provider.name == "oidc" and token:
        return token
    raise BadKubeconfig(
        f"The auth-provider {provider.name!r} is not supported.",
        evidence=(place,),
        hint="Use a credential plugin instead (kubelogin, gke-gcloud-auth-plugin), or set path=kubectl.",
    )


def _in_cluster(environ: Mapping[str, str], account: str) -> Access | None:
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    port = environ.get("KUBERNETES_SERVICE_PORT", "443")
    token, authority = f"{account}/token", f"{account}/ca.crt"
    if not host or not os.path.exists(token):  # noqa: PTH110
        return None
    try:
        with open(f"{account}/namespace", encoding="utf-8") as file:  # noqa: PTH123
            namespace = file.read().strip()
    except OSError:
        namespace = ""
    return Access(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        namespace=namespace or "default",
        user=User(token_file=token),
        authority=Pem(file=authority) if os.path.exists(authority) else Pem(),  # noqa: PTH110
        origin="the service account of this pod",
    )


def _no_account(account: str) -> NoReturn:
    raise ClusterMissing(
        "useKubeconfig is false, and this is no pod with an account in a cluster.",
        evidence=(f"KUBERNETES_SERVICE_HOST, or {account}/token, is not there",),
        hint="Run moorage in a pod with a ServiceAccount, or let useKubeconfig be true.",
    )


def _check(wanted: Wanted, home: str) -> None:
    if bool(wanted.client_certificate) != bool(wanted.client_key):
        raise BadClusterOption(
            "Of clientCertificate and clientKey only one is set.", hint="Set both, or neither."
        )
    for name in ("certificate_authority", "token_file", "client_certificate", "client_key"):
        path = getattr(wanted, name)
        if path and not os.path.isfile(expanded(path, home)):  # noqa: PTH113
            head, *tail = name.split("_")
            option = head + "".join(word.title() for word in tail)
            raise BadClusterOption(f"There is no file {path}.", hint=f"Correct the option `{option}`.")


def _chosen_user(wanted: Wanted, home: str) -> dict[str, object]:
    """What options say of the user: credentials given by option replace those of the kubeconfig."""
    blank: dict[str, object] = {"token": "", "username": "", "password": "", "plugin": None}
    changes: dict[str, object] = {}
    if wanted.token_file:
        changes = blank | {"token_file": expanded(wanted.token_file, home)}
    if wanted.client_certificate:
        if not wanted.token_file:
            changes = blank | {"token_file": ""}
        changes |= {
            "certificate": Pem(file=expanded(wanted.client_certificate, home)),
            "key": Pem(file=expanded(wanted.client_key, home)),
        }
    return changes


def _pem(entry: Entry, file: str, data: str, place: str) -> Pem:
    if not data:
        return Pem(file=entry.path(file))
    try:
        return Pem(data=a2b_base64(data))
    except (NotBase64, ValueError) as error:
        raise BadKubeconfig(
            "Inline data of the kubeconfig is no base64.",
            evidence=(f"{place}-data: {error}",),
            hint="Get the kubeconfig anew from who runs the cluster.",
        ) from error


def _url(text: str, kind: type[BadClusterOption] | type[BadKubeconfig], place: str = "option host") -> str:
    """The server's URL without a slash at the end; https where no scheme is given."""
    url = text if "://" in text else f"https://{text}"
    scheme, _, rest = url.partition("://")
    if scheme in ("http", "https") and rest.strip("/") and not any(c.isspace() or c in "@?#" for c in rest):
        return url.rstrip("/")
    raise kind(
        f"{text!r} is no address of an API server.",
        evidence=(place,),
        hint="Write it like https://10.0.0.1:6443.",
    )


def _unknown(kind: str, name: str, known: Mapping[str, object], where: str) -> BadKubeconfig:
    from ..devcontainer.spelling import did_you_mean  # for mistakes only

    return BadKubeconfig(
        f"There is no {kind} {name!r} in the kubeconfig.",
        evidence=(where, *_listed(f"{kind}s", known)),
        hint=did_you_mean(name, known) or "See `kubectl config get-contexts`.",
    )


def _listed(words: str, names: Iterable[str]) -> tuple[str, ...]:
    there = sorted(names)
    return (f"{words}: {', '.join(there[:20])}{' …' if len(there) > 20 else ''}",) if there else ()
