FROM busybox AS one
RUN echo 1 >/one
FROM busybox AS two
COPY --from=one /one /two/
RUN echo 2 >>/two/one
FROM scratch AS three
COPY --from=two /two /three
COPY --from=1 /two/one /again
FROM three AS four
COPY --from=three --link /again /linked
COPY --from=busybox:latest --chown=1:2 /etc/passwd /etc/group /
FROM four
COPY --from=0 /one .
