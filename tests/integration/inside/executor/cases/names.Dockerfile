FROM busybox AS busybox-like
RUN echo 0 >/zero
FROM busybox AS Mixed
COPY --from=BUSYBOX-LIKE /zero /first
FROM scratch
COPY --from=mixed /first /second
COPY --from=0 /zero /bin/../third
COPY --from=busybox:latest /etc/pass* /etc/group /copied/
