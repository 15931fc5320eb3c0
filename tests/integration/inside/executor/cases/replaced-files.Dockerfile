FROM busybox
RUN mkdir -p /real /dir/in && ln -s /real /link && ln -s ../real /dir/up && echo old >/file
COPY a.txt /link/
COPY a.txt b.txt /dir/up/
COPY a.txt /file
WORKDIR /link/made
COPY sub/deep .
COPY --chmod=u=rw,go= a.txt mode
ADD --chown=nobody:nogroup a.txt owned
