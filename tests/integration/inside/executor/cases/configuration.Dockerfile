FROM busybox
MAINTAINER some one <x@example.org>
EXPOSE 80 90/udp 100-102 443/TCP
VOLUME /v1 /v2
VOLUME ["/v 3"]
ENV V=/v4
VOLUME $V
RUN echo kept >/v4file && mkdir /v1 && echo kept >/v1/file
CMD echo hi
ENTRYPOINT ["/bin/echo", "x"]
SHELL ["/bin/ash", "-c"]
CMD shell form $V
STOPSIGNAL SIGUSR1
HEALTHCHECK --interval=1m30s --timeout=3s --start-period=500ms --start-interval=2s --retries=3 CMD true x
ONBUILD RUN echo later
ONBUILD COPY a.txt /later
WORKDIR /
