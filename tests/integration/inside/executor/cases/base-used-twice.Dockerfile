FROM busybox AS base
ARG KEPT=k
RUN mkdir /d && echo base >/d/file && ln /d/file /d/hard && mkfifo /d/pipe
FROM base AS left
RUN echo left >/d/left && rm /d/pipe
FROM base AS right
RUN echo "right $KEPT" >/d/right && rm /d/hard
FROM base
COPY --from=left /d /left
COPY --from=right /d/right /
COPY --from=base /d/file /base
RUN cat /d/file >/seen
