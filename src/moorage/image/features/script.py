"""What runs in the build around a Feature's install.sh: a POSIX script, and a file with the options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from moorage.devcontainer.features.feature import remarks
from moorage.devcontainer.features.found import FoundFeature
from moorage.devcontainer.features.options import quoted

PLACE = "/tmp/dev-container-features"  # noqa: S108  # in the image, as the reference CLI has it
SCRIPT = "devcontainer-features-install.sh"
ENVIRONMENT = "devcontainer-features.env"

_RULE = "=" * 75
_CONTROL = r"[\x00-\x1f\x7f-\x9f]+"


class Users(msgspec.Struct, frozen=True, kw_only=True):
    """The users that scripts see; computed before any Feature is installed."""

    container: str
    remote: str


def script(found: FoundFeature, variables: Mapping[str, str], users: Users) -> str:
    """The script that the build runs with /bin/sh, with the Feature's files in the script's own folder."""
    feature = found.feature
    given = {
        "feature": f'"{_plain(feature.name or feature.id)}" ({_plain(feature.id)})',
        "documentation": _plain(feature.documentation_url or ""),
        "container_user": _login(users.container),
        "remote_user": _login(users.remote),
        "banner": "\n".join((*_banner(found, variables), *_warnings(found))),
    }
    head = "".join(f"{name}={quoted(value)}\n" for name, value in given.items())
    return f"#!/bin/sh\n# Made by moorage: installs one Feature.\n{head}{_BODY}"


def _banner(found: FoundFeature, variables: Mapping[str, str]) -> Iterator[str]:
    feature = found.feature
    told = {
        "Feature": feature.name or feature.id,
        "Description": feature.description,
        "Id": feature.id,
        "Version": feature.version,
        "Documentation": feature.documentation_url,
    }
    yield _RULE
    yield from (f"{name:<14}: {_plain(value)}" for name, value in told.items() if value)
    if variables:
        yield f"{'Options':<14}:"
        yield from (f'    {name}="{_plain(value)}"' for name, value in variables.items())
    yield _RULE


def _warnings(found: FoundFeature) -> Iterator[str]:
    for remark in remarks(found.feature, found.reference):
        yield f"WARNING: {_plain(f'{remark.text} {remark.hint}')}"


def _plain(text: str) -> str:
    """One line without control characters: metadata comes from anybody."""
    return re.sub(_CONTROL, " ", text).strip()


def _login(user: str) -> str:
    """`node:staff` is node; nobody said is root."""
    return user.partition(":")[0] or "root"


_BODY = r"""
umask 0022
folder=$(cd "${0%/*}" && pwd) && cd "$folder" || exit 1

home_of() {
  {
    while IFS=: read -r name _ id _ _ home _ || [ -n "$name" ]; do
      if [ "$1" = "$name" ] || [ "$1" = "$id" ]; then echo "$home"; return; fi
    done
  } 2>/dev/null </etc/passwd
  entry=$(getent passwd "$1" 2>/dev/null) && entry=${entry%:*} && echo "${entry##*:}" && return
  case $1 in root | 0) echo /root ;; esac
}

# Caches of package managers: what the image had before is left alone.
caches() {
  for cache in '/var/lib/apt/lists/*' '/var/cache/apt/archives/*.deb' '/var/cache/apt/*.bin' \
    '/var/cache/apk/*' '/var/cache/dnf/*' '/var/cache/libdnf5/*' '/var/cache/yum/*' '/var/cache/zypp/*' \
    '/var/cache/pacman/pkg/*' /root/.cache/pip /root/.cache/yarn /root/.npm/_cacache /root/.npm/_logs; do
    "$1" "$cache"
  done
}
filled() {
  for found in $1; do
    case ${found##*/} in
      partial | lock | auxfiles) ;;
      *) [ ! -e "$found" ] || return 0 ;;
    esac
  done
  return 1
}
remember() { ! filled "$1" || kept="$kept $1 "; }
forget() { case $kept in *" $1 "*) ;; *) gone="$gone $1" ;; esac; }

say() { printf '%s\n' "$1"; }
failed() {
  say "
ERROR: Feature $feature failed to install!"
  program=
  if [ ! -f install.sh ]; then
    say "It has no install.sh."
  elif [ "$1" -eq 126 ] || [ "$1" -eq 127 ]; then
    read -r first <install.sh
    case $first in
      *"$(printf '\r')") say "The lines of its install.sh end in CR LF, which no shell takes." ;;
      '#!'*) program=${first#??} program=${program# } program=${program%% *} ;;
    esac
    [ -z "$program" ] || [ -x "$program" ] || say "This image has no $program, which install.sh needs."
  fi
  [ -z "$documentation" ] || say "Its documentation may help: $documentation"
}

say "$banner"
kept=
caches remember
(
  set -a
  _CONTAINER_USER=$container_user
  _REMOTE_USER=$remote_user
  _CONTAINER_USER_HOME=$(home_of "$container_user")
  _REMOTE_USER_HOME=$(home_of "$remote_user")
  . ./devcontainer-features.env
  set +a
  exec ./install.sh
)
status=$?
if [ "$status" -ne 0 ]; then
  failed "$status" >&2
  exit "$status"
fi
cd /
gone=
caches forget
rm -rf $gone "$folder"
rmdir "${folder%/*}" 2>/dev/null
exit 0
"""
