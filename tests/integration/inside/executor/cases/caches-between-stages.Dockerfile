FROM busybox AS one
RUN --mount=type=cache,target=/cache,id=shared-7,sharing=locked echo one >/cache/one
RUN mkdir /out && echo x >/out/x
FROM busybox
RUN --mount=type=cache,target=/cache,id=shared-7 --mount=from=one,source=/out,target=/in cp -r /in /copied; cat /cache/one >/one
RUN --mount=from=one,target=/whole,rw rm -r /whole/out; true
RUN --mount=from=one,target=/whole cat /whole/out/x >/still
