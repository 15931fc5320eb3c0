# Fills volumes that are new with what the image has at their place, as an engine does with its volumes.
#
# Arguments: pairs of a volume's folder and the path in the image. Made beside and renamed, so that one that was
# cut off begins anew. A volume that was filled once keeps what it has, also when that is nothing.
set -u
while [ "$#" -gt 1 ]; do
  volume=$1 path=$2
  shift 2
  [ ! -d "$volume/data" ] || continue
  rm -rf "$volume/.moorage-partial"
  mkdir "$volume/.moorage-partial" || exit 1
  if [ -d "$path" ]; then
    cp -a "$path/." "$volume/.moorage-partial/" || exit 1
    chown "$(stat -c %u:%g "$path")" "$volume/.moorage-partial" 2>/dev/null || :
    chmod "$(stat -c %a "$path")" "$volume/.moorage-partial" 2>/dev/null || :
  fi
  mv "$volume/.moorage-partial" "$volume/data" || exit 1
done
