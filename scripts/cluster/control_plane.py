"""etcd, API server, controllers, scheduler, names and volumes: processes of the host."""

from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.engines import daemons
from scripts.engines.phase import run

from . import binaries
from .place import DOMAIN, Place

STORAGE_CLASS = "standard"
PROVISIONER = "moorage.test/folder"
API_SERVER = "kube-apiserver"
# In the order of their start.
PROGRAMS = ("etcd", API_SERVER, "kube-controller-manager", "kube-scheduler", "coredns", "provisioner")


def up(place: Place) -> None:
    """Start what does not run; the API server is ready when this returns, the others soon."""
    flags = {
        "etcd": _etcd(place),
        "kube-controller-manager": _controllers(place),
        "kube-scheduler": _scheduler(place),
        "coredns": _names(place),
        "provisioner": ["--kubeconfig", str(place.kubeconfig), "--folder", str(place.volumes)],
    }
    _start(place, "etcd", flags.pop("etcd"))
    start_api_server(place)
    for program, words in flags.items():
        _start(place, program, words)


def start_api_server(place: Place) -> None:
    _start(place, API_SERVER, _api_server(place), ready=lambda: answers(place))


def stop_api_server(place: Place) -> None:
    """At once: it would drain for a minute."""
    daemons.stop(place.folder, API_SERVER, grace=0)


def down(place: Place) -> None:
    for program in reversed(PROGRAMS):
        daemons.stop(place.folder, program, grace=0)


def runs(place: Place) -> bool:
    return all(daemons.running(place.folder, program) for program in PROGRAMS)


def answers(place: Place) -> bool:
    """Whether the API server is ready."""
    import ssl
    import urllib.request

    try:
        context = ssl.create_default_context(cafile=str(place.certificates / "ca.crt"))
        # OpenSSL's strictness wants key identifiers that nobody needs here.
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(f"{place.api_server}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _start(
    place: Place, program: str, flags: Sequence[str], *, ready: Callable[[], bool] = lambda: True
) -> None:
    kube = binaries.kubernetes(place.layout) / "kube"
    daemon = daemons.Daemon(program, place.folder, [str(kube), program, *flags], env={})
    daemons.ensure(daemon, ready, deadline=120)


def _etcd(place: Place) -> list[str]:
    peers = f"http://{place.address}:2380"
    return [
        f"--data-dir={place.folder / 'etcd'}",
        "--unsafe-no-fsync",
        "--log-level=warn",
        f"--listen-client-urls={place.etcd}",
        f"--advertise-client-urls={place.etcd}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
    ]


def _api_server(place: Place) -> list[str]:
    path = place.certificates
    return [
        f"--etcd-servers={place.etcd}",
        f"--bind-address={place.address}",
        f"--advertise-address={place.address}",
        f"--service-cluster-ip-range={place.services}",
        f"--client-ca-file={path / 'ca.crt'}",
        f"--tls-cert-file={path / 'apiserver.crt'}",
        f"--tls-private-key-file={path / 'apiserver.key'}",
        f"--kubelet-client-certificate={path / 'apiserver-kubelet.crt'}",
        f"--kubelet-client-key={path / 'apiserver-kubelet.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
        f"--service-account-key-file={path / 'accounts.pub'}",
        f"--service-account-signing-key-file={path / 'accounts.key'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        # Tests of lost nodes do not wait for five minutes.
        "--default-not-ready-toleration-seconds=5",
        "--default-unreachable-toleration-seconds=5",
    ]


def _controllers(place: Place) -> list[str]:
    path = place.certificates
    return [
        f"--kubeconfig={path / 'kube-controller-manager.kubeconfig'}",
        f"--bind-address={place.address}",
        f"--cert-dir={place.folder / 'serving'}",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={path / 'accounts.key'}",
        f"--root-ca-file={path / 'ca.crt'}",
        f"--cluster-signing-cert-file={path / 'ca.crt'}",
        f"--cluster-signing-key-file={path / 'ca.key'}",
        "--node-monitor-period=2s",
        "--node-monitor-grace-period=20s",
    ]


def _scheduler(place: Place) -> list[str]:
    return [
        f"--kubeconfig={place.certificates / 'kube-scheduler.kubeconfig'}",
        f"--bind-address={place.address}",
        f"--cert-dir={place.folder / 'serving'}",
        "--leader-elect=false",
    ]


def _names(place: Place) -> list[str]:
    """CoreDNS: the cluster's own names; every other one does not exist, for no pod gets out."""
    file = place.folder / "Corefile"
    file.write_text(
        f".:53 {{\n  bind {place.address}\n  errors\n"
        f"  kubernetes {DOMAIN} in-addr.arpa {{\n    kubeconfig {place.kubeconfig}\n  }}\n"
        "  template IN ANY . {\n    rcode NXDOMAIN\n  }\n}\n"
    )
    return ["-conf", str(file), "-quiet"]


def kubectl(place: Place, *arguments: str, stdin: Path | None = None) -> str:
    """Run our kubectl as administrator."""
    program = binaries.kubernetes(place.layout) / "kubectl"
    flags = [f"--kubeconfig={place.kubeconfig}", f"--cache-dir={place.folder / 'kubectl'}"]
    return run([str(program), *flags, *arguments], stdin=stdin)
