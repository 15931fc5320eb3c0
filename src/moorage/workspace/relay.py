"""Which program of the workspace carries a connection to a port inside, and how it is called.

Servers of developers mostly listen on the workspace's own 127.0.0.1, which only a process inside reaches.
Host and port are arguments of their own; no text is put together for a shell.
"""

from __future__ import annotations

from collections.abc import Mapping

from moorage.drivers.base import Inside
from moorage.errors import EngineError

_PERL = r"""
use strict; use IO::Socket; use IO::Select;
my ($host, $port) = @ARGV;
my $kind = eval { require IO::Socket::IP; 1 } ? "IO::Socket::IP" : "IO::Socket::INET";
my $socket = $kind->new(PeerHost => $host, PeerPort => $port, Proto => "tcp")
  or die "cannot connect to $host:$port: $@\n";
binmode STDIN; binmode STDOUT; $| = 1; $SIG{PIPE} = "IGNORE";
my $all = IO::Select->new(\*STDIN, $socket);
sub pass {
  my ($to, $data) = @_;
  while (length $data) {
    my $n = syswrite($to, $data);
    return 0 unless defined $n;
    substr($data, 0, $n) = "";
  }
  1;
}
LOOP: while (1) {
  for my $ready ($all->can_read) {
    my $n = sysread($ready, my $data, 65536);
    if (!$n) {
      last LOOP if $ready == $socket;
      $all->remove($ready); shutdown($socket, 1); next;
    }
    last LOOP unless pass($ready == $socket ? \*STDOUT : $socket, $data);
  }
}
"""
_PYTHON = r"""
import os, select, socket, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
peer.settimeout(None)
sources = [0, peer]
while True:
    for ready in select.select(sources, [], [])[0]:
        data = os.read(0, 65536) if ready == 0 else peer.recv(65536)
        if not data:
            if ready is peer:
                sys.exit()
            sources.remove(0)
            peer.shutdown(socket.SHUT_WR)
        elif ready == 0:
            peer.sendall(data)
        else:
            while data:
                data = data[os.write(1, data):]
"""
_NODE = r"""
const [host, port] = process.argv.slice(1);
const peer = require("net").connect({host, port: +port, allowHalfOpen: true});
peer.on("error", (error) => { console.error(error.message); process.exit(1); });
process.stdin.pipe(peer); peer.pipe(process.stdout); peer.on("end", () => process.exit());
"""
_BASH = 'exec 3<>"/dev/tcp/$1/$2" || exit 1; cat <&3 & cat >&3; sleep 5; kill $! 2>/dev/null'

_CALLS: Mapping[str, tuple[str, ...]] = {
    "perl": ("perl", "-e", _PERL),
    "python3": ("python3", "-c", _PYTHON),
    "python": ("python", "-c", _PYTHON),
    "node": ("node", "-e", _NODE),
    "busybox": ("busybox", "nc"),
    "ncat": ("ncat",),
    "nc": ("nc",),
    "bash": ("bash", "-c", _BASH, "moorage"),
}
"""In the order of preference: quick to start first; bash last, because it cannot end one direction alone."""

_WHICH = 'for name; do command -v "$name" >/dev/null 2>&1 && echo "$name"; done'


def call(program: str, host: str, port: int) -> tuple[str, ...]:
    """The arguments that make this program carry one connection over its standard streams."""
    return (*_CALLS[program], host, str(port))


def best(programs: frozenset[str]) -> str:
    """The best of those that are there; "" for none."""
    return next((name for name in _CALLS if name in programs), "")


async def find(inside: Inside, user: str) -> str:
    """The program to use in this workspace; "" where it has none, or no shell to ask."""
    try:
        process = await inside.run(("/bin/sh", "-c", _WHICH, "moorage", *_CALLS), user=user, folder="/")
    except EngineError:
        return ""
    try:
        said = b"".join([data async for stream, data in process.output() if stream == 1])
    finally:
        await process.close()
    return best(frozenset(said.decode(errors="replace").split()))
