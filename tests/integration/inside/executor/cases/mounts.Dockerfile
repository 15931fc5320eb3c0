FROM busybox
RUN mkdir /was && echo before >/was/file && chmod 700 /was
WORKDIR /was
RUN --mount=type=cache,target=/deep/cache --mount=type=cache,id=other,target=/was,mode=0750,uid=5,gid=6 stat -c '%A %u %g' /was /deep/cache >/looked; echo kept >/was/kept
RUN --mount=type=cache,id=other,mode=0750,uid=5,gid=6,target=/elsewhere cat /elsewhere/kept >/kept
RUN --mount=type=cache,target=/deep/cache,from=busybox,source=/etc ls /deep/cache >/from
RUN --mount=type=tmpfs,target=/was touch /was/gone && ls /was >/tmpfs
RUN --mount=type=secret,id=known --mount=type=secret,id=known,target=/etc/deep/secret,mode=0444,uid=3 --mount=type=secret,id=known,env=SECRET --mount=type=secret,id=unknown wc -c </run/secrets/known >/secret; stat -c '%a %u %g' /etc/deep/secret /run/secrets/known >>/secret; printf %s "$SECRET" | wc -c >>/secret; ls /run/secrets >>/secret
RUN --mount=type=ssh echo $SSH_AUTH_SOCK >/ssh; test ! -e $SSH_AUTH_SOCK
RUN ls -R /was >/after; test ! -e /deep; test ! -e /etc/deep; test ! -e /run
RUN --network=default --security=sandbox cat /was/file
