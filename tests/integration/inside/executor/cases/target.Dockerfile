ARG TAG=none
FROM busybox AS first
RUN exit 1
FROM busybox:${TAG} AS middle
ARG TAG
ARG TARGETARCH
RUN echo $TAG >/tag
FROM middle
RUN exit 1
