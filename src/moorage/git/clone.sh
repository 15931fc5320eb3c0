# Clones one repository into a volume, from inside a helper container or an init container. POSIX sh, git.
#
# The text is constant. What to clone comes by MOORAGE_CLONE_* variables; the login, ssh's known hosts and ssh's
# settings come by MOORAGE_CLONE_INPUT: `-` is standard input, a path is a file, nothing means there are none.
# The clone is made beside its place and renamed when it is complete. Whatever is at its place already stays.
# Exit codes: 0 done, 64 input broken off, 65 git-lfs is missing, 66 no room for the folder, otherwise git's own.
set -eu
umask 022

say() { printf 'moorage: %s\n' "$*" >&2; }

directory=$MOORAGE_CLONE_DIRECTORY
partial=$directory.moorage-partial
rmdir "$directory" 2>/dev/null || true
if [ -d "$directory" ] && [ -z "$(ls -A "$directory")" ]; then
  say "$directory is empty and cannot be replaced; mount the volume above it"
  exit 66
fi
if [ -e "$directory" ] || [ -L "$directory" ]; then
  rm -rf "$partial"
  say "$directory is there already"
  exit 0
fi

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
: >"$home/known_hosts"
: >"$home/ssh_config"

# ── input: lines `username X`, `password X`, `known_hosts X`, `ssh_config X`, and `end` ──
MOORAGE_CLONE_USERNAME='' MOORAGE_CLONE_PASSWORD='' complete=''
take() {
  while IFS= read -r line; do
    case $line in
      'username '*) MOORAGE_CLONE_USERNAME=${line#username } ;;
      'password '*) MOORAGE_CLONE_PASSWORD=${line#password } ;;
      'known_hosts '*) printf '%s\n' "${line#known_hosts }" >>"$home/known_hosts" ;;
      'ssh_config '*) printf '%s\n' "${line#ssh_config }" >>"$home/ssh_config" ;;
      end) complete=1; break ;;
    esac
  done
}
case $MOORAGE_CLONE_INPUT in
  '') complete=1 ;;
  -) take ;;
  *) take <"$MOORAGE_CLONE_INPUT" ;;
esac
if [ -z "$complete" ]; then
  say 'the input broke off before its end'
  exit 64
fi
exec </dev/null

# ── settings of this run only: nothing of it reaches the clone's own configuration ──
export HOME="$home" XDG_CONFIG_HOME="$home" LC_ALL=C
export GIT_TERMINAL_PROMPT=0 GIT_ASKPASS='' SSH_ASKPASS_REQUIRE=never GIT_LFS_SKIP_SMUDGE=1
export GIT_ALLOW_PROTOCOL="$MOORAGE_CLONE_PROTOCOLS"
export GIT_SSH_COMMAND="ssh -F $home/ssh_config -oBatchMode=yes -oConnectTimeout=20 -oStrictHostKeyChecking=yes \
-oUserKnownHostsFile=$home/known_hosts"
global() { git config --global "$1" "$2"; }
global safe.directory '*'
global core.hooksPath /dev/null
global advice.detachedHead false
global gc.auto 0
if [ -n "$MOORAGE_CLONE_PASSWORD" ]; then
  export MOORAGE_CLONE_USERNAME MOORAGE_CLONE_PASSWORD
  # git runs this text; the login is in the variables, and asked for by no other origin than its own.
  global "credential.$MOORAGE_CLONE_ORIGIN.helper" '!f() { test "$1" = get || exit 0;
    printf "username=%s\npassword=%s\n" "$MOORAGE_CLONE_USERNAME" "$MOORAGE_CLONE_PASSWORD"; }; f'
fi
if [ -n "$MOORAGE_CLONE_LFS" ] && ! git lfs version >/dev/null 2>&1; then
  say 'git-lfs is missing in this image'
  exit 65
fi

# ── clone ──
rm -rf "$partial"
mkdir -p "$partial"
git init -q --object-format="$MOORAGE_CLONE_FORMAT" "$partial"
cd "$partial"
git symbolic-ref HEAD refs/heads/moorage-none
git config remote.origin.url "$MOORAGE_CLONE_URL"
git config --add remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'

# Behind plain files there is no filter: git would take each missing object for one that can be had later, and
# start itself again and again to get it. Its helper for HTTP says "fallback" where the server is not a git of today.
filters() {
  case $MOORAGE_CLONE_URL in http://* | https://*) ;; *) return 0 ;; esac
  answer=$(printf 'stateless-connect git-upload-pack\n\n' |
    git "remote-${MOORAGE_CLONE_URL%%:*}" origin "$MOORAGE_CLONE_URL" 2>/dev/null | head -c 8) || :
  [ "$answer" != fallback ]
}

set -- --progress --no-recurse-submodules
[ -z "$MOORAGE_CLONE_FILTER" ] || ! filters || set -- "$@" "--filter=$MOORAGE_CLONE_FILTER"
git fetch "$@" origin
GIT_NO_LAZY_FETCH=1 git cat-file -e "$MOORAGE_CLONE_COMMIT^{commit}" 2>/dev/null ||
  git fetch "$@" origin "$MOORAGE_CLONE_COMMIT" ||
  git fetch "$@" origin "$MOORAGE_CLONE_REF"

if [ -n "$MOORAGE_CLONE_DEFAULT" ] && git rev-parse -q --verify "origin/$MOORAGE_CLONE_DEFAULT" >/dev/null; then
  git symbolic-ref refs/remotes/origin/HEAD "refs/remotes/origin/$MOORAGE_CLONE_DEFAULT"
fi
if [ -n "$MOORAGE_CLONE_BRANCH" ]; then
  git checkout -q --progress --no-track -B "$MOORAGE_CLONE_BRANCH" "$MOORAGE_CLONE_COMMIT" --
  git config "branch.$MOORAGE_CLONE_BRANCH.remote" origin
  git config "branch.$MOORAGE_CLONE_BRANCH.merge" "$MOORAGE_CLONE_REF"
else
  git checkout -q --progress --detach "$MOORAGE_CLONE_COMMIT" --
fi

if [ -n "$MOORAGE_CLONE_LFS" ]; then
  git -c core.hooksPath="$partial/.git/hooks" lfs install --local >&2
  git lfs pull >&2
fi
if [ -n "$MOORAGE_CLONE_SUBMODULES" ]; then
  git submodule update --init --recursive --progress >&2
fi

# ── hand over ──
cd /
if [ -n "$MOORAGE_CLONE_OWNER" ]; then
  chown -Rh "$MOORAGE_CLONE_OWNER" "$partial"
fi
mv "$partial" "$directory"
