# Takes a folder as a tar stream: made beside its place, renamed when it is whole. POSIX sh, tar.
#
#   upload.sh FOLDER USER LAST
#
# LAST is the name of the stream's last file. Without it the stream was cut off, and nothing becomes visible.
# It says what came: kept in a folder of our own beside the place, so that later copies know what changed since.
# What is at its place already stays. Exit codes: 0 done, 3 cut off, 4 no tar, 5 there already, else tar's own.
set -u
folder=$1 user=$2 last=$3
command -v tar >/dev/null || exit 4
umask 022
[ -d "${folder%/*}" ] || mkdir -p "${folder%/*}" || exit 1
for old in "$folder".moorage-partial.*; do # of uploads that were killed
  [ ! -d "$old" ] || kill -0 "${old##*.}" 2>/dev/null || rm -rf "$old"
done
partial=$folder.moorage-partial.$$
own=${folder%/*}/.moorage
manifest=$own/${folder##*/}
trap 'rm -rf "$partial"; rm -f "$manifest.$$"' EXIT
trap 'exit 129' HUP
trap 'exit 143' TERM
mkdir "$partial" || exit 1
tar -C "$partial" -xpf - || exit 3
[ -f "$partial/$last" ] || exit 3
[ -d "$own" ] || mkdir -p "$own" || exit 1
mv "$partial/$last" "$manifest.$$" || exit 1
if [ -n "$user" ] && [ "$(id -u)" = 0 ]; then
  # "USER:" is the user's own group as well; a number that has no name has none.
  chown -R "$user:" "$partial" 2>/dev/null || chown -R "$user" "$partial" || exit 1
fi
[ ! -d "$folder" ] || rmdir "$folder" 2>/dev/null
[ ! -e "$folder" ] && [ ! -L "$folder" ] || exit 5
# Another upload may come between: then a mv that knows no -T puts ours into the other's.
mv -T "$partial" "$folder" 2>/dev/null && mv "$manifest.$$" "$manifest" && trap - EXIT && exit 0
[ ! -e "$folder" ] && [ ! -L "$folder" ] || exit 5
mv "$partial" "$folder" || exit 1
inner=$folder/${partial##*/}
[ ! -d "$inner" ] || { rm -rf "$inner" && exit 5; }
mv "$manifest.$$" "$manifest"
