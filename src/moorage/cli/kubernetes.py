"""`moorage kubernetes`: what people who run a cluster need."""

from __future__ import annotations

import click

kubernetes_command = click.Group(
    "kubernetes",
    help="Helps people who run a cluster.",
    epilog="Example: moorage kubernetes rbac --namespace dev | kubectl apply -f -",
)


@kubernetes_command.command(
    "rbac", epilog="Example: moorage kubernetes rbac --namespace dev --cluster-role view | kubectl apply -f -"
)
@click.option("--name", default="moorage", show_default=True, help="The roles' name.")
@click.option("-n", "--namespace", default="default", show_default=True, help="Where workspaces are to be.")
@click.option("--cluster-role", default="", metavar="NAME", help="Users may give this role to workspaces.")
@click.option(
    "--create-namespace",
    is_flag=True,
    help="Users may create namespaces: one ClusterRole has it all.",
)
@click.option("--nodes", is_flag=True, help="Users may see nodes, so that hostRequirements can be checked.")
@click.option("--helper", is_flag=True, help="Users may find out the architecture by a helper pod instead.")
@click.option("--builder", is_flag=True, help="Users may build images in the cluster.")
@click.option("--builder-namespace", default="", metavar="NAME", help="Where, if not beside the workspaces.")
@click.option("--pull-secret", multiple=True, metavar="NAME", help="Users may read this login (repeatable).")
@click.option(
    "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="Form."
)
def rbac(
    name: str,
    namespace: str,
    cluster_role: str,
    create_namespace: bool,
    nodes: bool,
    helper: bool,
    builder: bool,
    builder_namespace: str,
    pull_secret: tuple[str, ...],
    output: str,
) -> None:
    """Print the roles with the least rights that users of the Kubernetes driver need.

    Nothing is contacted. Bind them to whom you like.
    """
    from moorage.drivers.kubernetes.rbac import roles
    from moorage.drivers.kubernetes.render import shown

    found = roles(
        name,
        namespace,
        cluster_role=cluster_role,
        create_namespace=create_namespace,
        nodes=nodes,
        helper=helper,
        builder=builder_namespace or (namespace if builder else ""),
        pull_secrets=pull_secret,
    )
    click.echo(_json(found) if output == "json" else shown(found), nl=False)


def _json(objects: tuple[dict[str, object], ...]) -> str:
    import msgspec

    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    return msgspec.json.format(msgspec.json.encode(listed), indent=2).decode() + "\n"
