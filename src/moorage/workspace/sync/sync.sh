# The other side of later copies. POSIX sh, find, xargs, sha256sum, readlink, tar. Names end with a NUL.
#
#   sync.sh look FOLDER [all]        names of all below it (if asked), an empty name, then the manifest
#   sync.sh words FOLDER             names on standard input; what each is, see `words`
#   sync.sh give FOLDER              names on standard input; archives of them, one behind the other
#   sync.sh take FOLDER USER LAST    an archive on standard input, which becomes true as a whole or not at all:
#        paths, seen   what they must still be, as `words` told
#        new/          what comes in; each file is renamed into its place, so nobody sees half of one
#        gone          names to remove, each before the folder that it is in
#        manifest      what both sides agree on now
#        LAST          the last file: without it the stream was cut off
#
# Nothing is changed where one of `paths` is not as it was seen. Exit codes: 3 no such folder, 4 a tool is missing,
# 6 changed meanwhile, 7 cut off.
set -u
verb=$1 folder=$2
own=${folder%/*}/.moorage
manifest=$own/${folder##*/}
for tool in find xargs sha256sum readlink tar; do
  command -v "$tool" >/dev/null || { printf '%s\n' "$tool" && exit 4; } >&2
done
[ -d "$folder" ] && [ ! -L "$folder" ] || exit 3

# For each batch of names: a letter for each and a newline; the targets of links; digests of files; a NUL.
words() {
  cd "$folder" || exit 1
  xargs -0 -r sh -c '
    count=$#
    for path; do
      if [ -L "$path" ]; then printf l
      elif [ -d "$path" ]; then printf d
      elif [ ! -e "$path" ]; then printf -- -
      elif [ ! -f "$path" ]; then printf o
      elif [ -x "$path" ]; then printf x
      else printf f; fi
    done
    printf "\n"
    for path; do [ ! -L "$path" ] || { readlink -n "$path"; printf "\0"; }; done
    for path; do
      shift
      [ -L "$path" ] || [ ! -f "$path" ] || set -- "$@" "$path"
    done
    [ "$#" = 0 ] || sha256sum "$@" 2>/dev/null
    printf "\0"' sh
}

look() {
  if [ "$#" -gt 0 ]; then
    (cd "$folder" && find . ! -name . -print0)
  fi
  printf '\0'
  [ ! -f "$manifest" ] || cat "$manifest"
}

give() {
  cd "$folder" && xargs -0 -r tar -cf -
}

take() { # USER LAST
  umask 022
  for old in "$folder".moorage-partial.*; do # of copies that were killed
    [ ! -d "$old" ] || kill -0 "${old##*.}" 2>/dev/null || rm -rf "$old"
  done
  partial=$folder.moorage-partial.$$
  trap 'rm -rf "$partial"' EXIT
  trap 'exit 129' HUP
  trap 'exit 143' TERM
  mkdir "$partial" && tar -C "$partial" -xpf - && [ -f "$partial/$2" ] || exit 7
  mkdir -p "$partial/new" "$own" || exit 1
  if [ -n "$1" ] && [ "$(id -u)" = 0 ]; then
    chown -R "$1:" "$partial/new" 2>/dev/null || chown -R "$1" "$partial/new" || exit 1
  fi
  (words <"$partial/paths") >"$partial/now"
  [ "$(sha256sum <"$partial/now")" = "$(sha256sum <"$partial/seen")" ] || exit 6
  (remove) <"$partial/gone" || exit 1
  (settle) || exit 1
  mv "$partial/manifest" "$manifest"
}

remove() { # a folder in which there is something else stays
  cd "$folder" && xargs -0 -r sh -c '
    for path; do
      if [ -d "$path" ] && [ ! -L "$path" ]; then rmdir "$path" 2>/dev/null || :; else rm -f "$path" || exit 255; fi
    done' sh
}

settle() { # a folder that is new there is renamed as a whole
  cd "$partial/new" && find . -type d -print0 | xargs -0 -r sh -c '
    folder=$0
    for path; do
      [ -d "$path" ] || continue
      if [ ! -e "$folder/$path" ] && [ ! -L "$folder/$path" ]; then
        mv "$path" "$folder/$path" || exit 255
      else
        find "$path" -maxdepth 1 ! -type d -print0 |
          xargs -0 -r sh -c "[ \"\$#\" = 0 ] || mv -f \"\$@\" \"\$0/\"" "$folder/$path" || exit 255
      fi
    done' "$folder"
}

shift 2
"$verb" "$@"
