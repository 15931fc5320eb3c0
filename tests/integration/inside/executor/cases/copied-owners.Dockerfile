FROM busybox AS owned
RUN echo joe:x:55:1000::/:/bin/sh >>/etc/passwd && mkdir -p /d/sub && touch /d/file /d/sub/file && chown -R 12:34 /d && chmod 4711 /d/file && ln -s file /d/link && chown -h 56:78 /d/link
FROM busybox
COPY --from=owned /d /kept
COPY --from=owned --chown=99 /d /given
COPY --from=owned --chmod=0604 /d /moded
COPY --from=owned /etc/passwd /etc/passwd
COPY --chown=joe sub /joes
COPY --chown=joe:nogroup a.txt /home/joe/
USER joe
COPY a.txt /by-root
WORKDIR /home/joe/new
COPY --from=owned /d/link .
