"""Instructions that BuildKit and ours are given alike, each on the same root. Braces are addresses."""

from __future__ import annotations

from collections.abc import Mapping

CASES = r"""
file              COPY file /new
fileslash         COPY file /new/
deep              COPY file /n1/n2/new
dir               COPY dir /new
into              COPY dir /real
slashes           COPY dir/ /real/
all               COPY . /new/
linktofile        COPY tofile /new
linktofilein      COPY tofile /new/
linktodir         COPY todir /new
linkabsolute      COPY toabs /new
linkout           COPY toout /new
modes             COPY suid private exec /new/
pattern           COPY *i*e /new/
patternfolder     COPY dir/*/*.txt /new/
patternstars      COPY dir/**/*.txt /new/
patternlink       COPY to?ile /new/
patternnone       COPY nothing* /new/
patternbehindlink COPY toabs/*.txt /new/
patternonefile    COPY odd/*.txt /new
bracket           COPY odd/[[]x].txt /new/
spaces            COPY ["name with space/x", "/new dir/"]
dots              COPY ../../dir/sub/../a /new/
nosource          COPY "" /new
filefolder        COPY dir/a/ /new
several           COPY file dir/a /new
hardlinks         COPY links /new
hardlinksapart    COPY links/1 links/2 /new/
hardlinkspattern  COPY links/* /new/
attributes        COPY xa /new
holes             COPY holes /new
tolink            COPY file /lreal
tolinkslash       COPY file /lreal/
belowlink         COPY file /labs/x
outlink           COPY file /lout/x
danglingfolder    COPY file /dang/
dangling          COPY file /dang
danglingdir       COPY dir /dang
danglingrelative  COPY file /dangrel
tofilelink        COPY file /tofile
tolinkedfolder    COPY file /real/ldir
tolinkedfile      COPY file /real/lfile
linkreplaced      COPY over2/b.txt /over/
overeverything    COPY over2 /over
dotdotlink        COPY file /lreal/../z
setgid            COPY file dir /gid/
setgiddeep        COPY dir /gid/n/m
overfile          COPY dir/a /real/a
chown             COPY --chown=1:2 dir /n1/n2/new
chownfile         COPY --chown=1:2 file /n1/new
chowninto         COPY --chown=1:2 dir /real
chmod             COPY --chmod=640 dir /n1/new
chmodsuid         COPY --chmod=4711 dir file /n1/new/
chmodinto         COPY --chmod=711 dir /real/
chmodshort        COPY --chmod=7 suid exec /new/
chmodnone         COPY --chmod= dir /new
chmodruns         COPY --chmod=u=rwX,go=rX dir suid /n1/new/
chmodx            COPY --chmod=+x dir suid /n1/new/
chmodspecial      COPY --chmod=g+s,o-rwx dir suid /n1/new/
chmodcopied       COPY --chmod=a=r,u+w,g=u dir exec /n1/new/
chmodsticky       COPY --chmod=+w,+t dir exec /n1/new/
chmodequals       COPY --chmod==r dir suid /n1/new/
chmodempty        COPY --chmod=a= dir/sub suid dir /new/
chmodonlyset      COPY --chmod=u=s dir/sub suid exec /new/
chmodt            COPY --chmod=u+t dir/sub suid /new/
chmodnot          COPY --chmod=a-s,o-t dir/sub suid dir /new/
chmodt2           COPY --chmod=o-t,u=s,g=u dir suid /new/
chmodt3           COPY --chmod=-t dir /new
chmodt4           COPY --chmod=a-t dir /new
chmodt5           COPY --chmod=u-t dir /new
chmodt6           COPY --chmod=o=t,u=xt dir suid /new
chmodt7           COPY --chmod=o= dir suid /new
chmodt8           COPY --chmod=-st dir suid /new
chmodt11          COPY --chmod=+xt dir/sub suid dir /new
chmodt12          COPY --chmod=u+xt-r,=s dir/sub suid dir /new
chmodt13          COPY --chmod=u=t,g+st dir/sub suid dir /new
chmodt9           COPY --chmod=go-rt dir suid /new
chmodt10          COPY --chmod=go=rt dir suid /new
chmodmany         COPY --chmod=u+r-w,g+rw-x suid /new/
chmodug           COPY --chmod=ug=rwxst,o=u suid /new/
chmodlike         COPY --chmod=u=g+w suid private dir/sub /new/
chmodlikeless     COPY --chmod=g-u,o=g suid dir /new/
chmodo            COPY --chmod=u+X,g=o,o+s,u-s suid private dir /n1/new/
chmodgu           COPY --chmod=g=s,u=r dir/sub suid dir /new/
ignored           COPY ign /new
ignoredpart       COPY ign/gone /new
ignoredpattern    COPY ign/* /new/
heredoc           COPY <<EOF /new|hello|EOF
heredocs          COPY <<a <<b /new/|hello|a|ho|b
heredocflags      COPY --chown=1:2 --chmod=700 <<a /real|hello|a
heredocmode       COPY --chmod=u+x,go-r <<a /n1/|hello|a
heredocfile       COPY <<a file /n1/n2/|hello|a
heredoclink       COPY <<a /tofile|hello|a
heredocadd        ADD <<a /dang/|hello|a
work              WORKDIR /w|COPY file x
workdot           WORKDIR /w|COPY file file .
workdir           WORKDIR /w|COPY dir ./
workup            WORKDIR /w|COPY dir ..
worklink          WORKDIR /lreal/q|COPY file ../p
workdotdot        WORKDIR /w|COPY file x/.
from              COPY --from=stuff /dir /new
fromall           COPY --from=stuff / /new
fromfiles         COPY --from=stuff /file /suid /fifo /null /xa/cap /n1/new/
fromchown         COPY --from=stuff --chown=5:6 /xa /links /file /n1/new/
fromlink          COPY --from=stuff /todir /new
fromlinkfile      COPY --from=stuff /tofile /new/
fromchmod         COPY --from=stuff --chmod=751 /dir/sub /file /fifo /new/
fromself          COPY --from=base / /
fromowners        COPY --from=base /real /other/real
fromover          COPY --from=stuff --chown=0:0 /over2 /over
fromlinks         COPY --from=base /real/lfile /real/ldir /new/
linked            COPY --link file /real/
linkednoslash     COPY --link file /lreal/
linkeddeep        COPY --link file /lreal/deep/x
linkeddir         COPY --link dir /real
linkedtmp         COPY --link file /tmp/x
linkedchown       COPY --link --chown=3:4 dir file /real/
linkedchmod       COPY --link --chmod=700 file /real/n/
linkedtofile      COPY --link file /tofile
linkedoverdir     COPY --link dir/a /over/a
linkedoverall     COPY --link dir/a /over
linkedunderfile   COPY --link file /etc/passwd/x
linkedmerge       COPY --link over2 /over
linkedfrom        COPY --link --from=stuff /links /xa /dir /real/
linkedgid         COPY --link --from=stuff /dir /gid
linkedheredoc     COPY --link <<a /etc/q/|ho|a
linkedparents     COPY --link --parents mono/*/package.json /real/
linkedarchive     ADD --link ar/a.tar /real/
parents           COPY --parents dir/sub/c.txt /new/
parentspattern    COPY --parents mono/*/package.json /new/
parentspivot      COPY --parents mono/./*/package.json /new/
parentsseveral    COPY --parents ./mono/p1 dir/a /new
parentsdeep       COPY --parents mono/**/package.json /new/
parentsfolder     COPY --parents dir/sub/ /new/
parentsfile       COPY --parents file /real/
parentsflags      COPY --parents --chown=3:4 --chmod=700 mono/p1/package.json /n1/new/
parentssymbolic   COPY --parents --chmod=g+w dir/sub/c.txt /new/
parentslinks      COPY --parents tofile todir /new/
parentsnone       COPY --parents nothing*/x /new/
parentsfrom       COPY --parents --from=stuff /dir/sub/./deep/e.txt /new/
parentsfromowner  COPY --parents --from=stuff /dir/sub/c.txt /new/
parentsdots       COPY --parents mono/./p1/../p2/package.json /new/
parentsover       COPY --parents dir/sub/c.txt /over
parentseverywhere COPY --parents ./**/*.txt /new/
parentsstars      COPY --parents mono/./** /new/
parentsexclude    COPY --parents --exclude=**/package.json mono /new/
parentsexisting   COPY --parents --from=stuff dir/sub /real
parentsagain      COPY --parents dir/sub /new/|COPY --parents --chmod=700 --chown=1:1 dir/sub /new/
parentslinkpivot  COPY --parents todir/./deep/*.txt /new/
exclude           COPY --exclude=*.txt dir /new
excludedeep       COPY --exclude=**/*.txt dir /new
excludefolder     COPY --exclude=sub dir /new
excludesource     COPY --exclude=file file exec /new/
excludepattern    COPY --exclude=p1 mono/* /new/
excludebut        COPY --exclude=sub/* --exclude=!sub/d.md dir /new
excludebutdeep    COPY --exclude=sub --exclude=!sub/deep/e.txt dir /new
excludebutover    COPY dir /new|COPY --chown=1:1 --exclude=sub --exclude=!sub/deep/e.txt dir /new
excludeall        COPY --exclude=* dir /new
excludeslash      COPY --exclude=/sub --exclude=./a dir /new
excludeadd        ADD --exclude=sub dir /new
add               ADD ar/a.tar /new
addgzip           ADD ar/a.tar.gz /real/
addbzip2          ADD ar/a.tbz /new
addxz             ADD ar/a.txz /new
addzstd           ADD ar/a.zst /new
addnone           ADD ar/notar.gz ar/empty.tar ar/cut.tar ar/zero ar/lzma /new/
addnoname         ADD ar/noext /lreal
addflags          ADD --chown=3:4 --chmod=700 ar/a.tar /n1/n2/
addpattern        ADD ar/[ac]*.t* /new/
addlink           ADD arl /new
addplain          ADD --unpack=false ar/a.tar /new
addfolder         ADD ar /new
addfiles          ADD dir file /new/
addexclude        ADD --exclude=d ar/a.tar /new/
adddangling       ADD ar/a.tar /dang
addtwice          ADD ar/a.tar ar/a.tar.gz /over/
addtwo            ADD ar/two.txz /new/
url               ADD {web}/f.txt /new
urlfolder         ADD {web}/lm.txt?x=1 /new/
urltop            ADD {web}/ /new/
urlslash          ADD {web}/cd/ /new/
urlredirect       ADD {web}/redir /new/
urlarchive        ADD {web}/lm.tar /new
urlunpack         ADD --unpack --chown=3:4 --chmod=700 {web}/lm.tar /n1/new/
urlunpackno       ADD --unpack {web}/f.txt /new/
urlflags          ADD --chown=3:4 --chmod=711 {web}/lm.txt /n1/new/
urlsymbolic       ADD --chmod=u+x {web}/lm.txt /real/
urlchecksum       ADD --checksum=sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73 {web}/f.txt /tofile
urlescaped        ADD {web}/a%20b/x%2Fy.txt /new/
urlnone           ADD {web} /new/
urlandfiles       ADD {web}/f.txt file ar/a.tar /new/
urllinked         ADD --link {web}/lm.txt /real/
git               ADD {git}/origin.git /new
gitbranch         ADD {git}/origin.git#other/branch /new
gitref            ADD {git}/origin.git#refs/heads/other/branch /new
gittag            ADD {git}/origin.git#v2:sub /new/
gitcommit         ADD {git}/origin.git#{commit}:/ /real
gitkeepfolder     ADD --keep-git-dir {git}/origin.git#:sub /new
gitflags          ADD --chown=3:4 --chmod=750 --exclude=a {git}/origin.git /n1/new
gitchecksum       ADD --checksum={commit} {git}/origin.git#v2 /new
gitlinked         ADD --link {git}/origin.git /real
gitnosubmodule    ADD {git}/origin.git?ref=submodule&submodules=false /new
gitquery          ADD {git}/origin.git?branch=other/branch&subdir=sub /new
urlexclude        ADD --exclude=f.txt {web}/f.txt /real/
"""  # noqa: E501 - one line each

REFUSED = r"""
COPY dir /etc/passwd
COPY file /etc/passwd/x
COPY file /loop
COPY over2/b.txt /real/dir/a/
COPY dir/a /over/
COPY over2 /mm|COPY over2/a /mm/sub
COPY --parents tofile/x /x
ADD {git}/origin.git#nothing /x
ADD {git}/origin.git#:nothing /x
ADD {git}/origin.git#:l /x
ADD {git}/origin.git?nothing=1 /x
ADD --checksum=0123 {git}/origin.git /x
ADD {web}/missing /x
ADD --checksum=sha256:0000000000000000000000000000000000000000000000000000000000000000 {web}/f.txt /x
ADD --checksum=sha256:00 {web}/f.txt /x
COPY {web}/f.txt /x
COPY --parents . /x
COPY --parents todir/./deep/e.txt /new/
ADD ar/half.tar /x
COPY nothing/*.x /new/
COPY toign /x
COPY dir/dangling /x
"""


def cases(served: Mapping[str, str]) -> dict[str, str]:
    """Lines of a Dockerfile by the name of their stage; `served` is what its braces stand for."""
    found = {}
    for line in filter(None, CASES.splitlines()):
        name, _, text = line.partition(" ")
        found[name] = _filled(text.strip(), served)
    return found


def refused(served: Mapping[str, str]) -> list[str]:
    """Lines of Dockerfiles that end with an error."""
    return [_filled(line, served) for line in REFUSED.splitlines() if line]


def _filled(text: str, served: Mapping[str, str]) -> str:
    for name, value in served.items():
        text = text.replace(f"{{{name}}}", value)
    return text.replace("|", "\n")
