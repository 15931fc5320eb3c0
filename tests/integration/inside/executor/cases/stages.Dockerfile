FROM busybox AS base
ARG DECLARED=d
ENV SET=1
RUN echo base >/base && ln /base /hard && ln -s base /soft && mkdir -m 1777 /dir && chown 12:34 /dir
CMD ["kept"]
USER 7
FROM base AS child
RUN echo "$DECLARED $SET" >/dir/child
FROM busybox AS other
RUN echo other >/other && dd if=/dev/zero of=/holes bs=1 count=1 seek=5000000
FROM base
USER 0
ENTRYPOINT ["x"]
RUN --mount=from=other,source=/other,target=/mnt/other --mount=from=child,target=/mnt/child,rw cat /mnt/other /mnt/child/dir/child >/got && echo lost >/mnt/child/lost
RUN --mount=from=child,target=/again ls /again | grep -v -e dev -e proc -e sys >/ls
