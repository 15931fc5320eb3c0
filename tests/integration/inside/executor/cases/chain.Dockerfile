ARG BASE=busybox
FROM ${BASE} AS a
ENV A=1
ARG X=x
WORKDIR /a
FROM a AS b
ENV B=$A$X
WORKDIR b
USER 12:34
RUN echo "$B" >/tmp/b
FROM b AS c
ARG X=again
WORKDIR c
RUN echo "$X $B" >file
ENTRYPOINT ["c"]
FROM c
CMD ["d"]
RUN pwd >here
