FROM busybox
COPY a.txt b.txt /plain/
COPY sub /sub
COPY ["with space/f g.txt", "/with space"]
WORKDIR /work
COPY . .
COPY *.txt link hard holes globbed/
COPY --chown=12:34 --chmod=0750 run.sh /bin/run
RUN run >/ran
