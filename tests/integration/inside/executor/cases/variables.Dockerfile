# escape=`
FROM busybox
ARG WHERE=/default
ENV N=5 NAME="a b" EMPTY=
WORKDIR $WHERE/${NAME}
USER ${N}
EXPOSE 80$N ${N}000/udp
VOLUME $WHERE/vol
LABEL a.$N="${NAME:-x}" b='$N' c=${EMPTY:-default} d=${EMPTY-unset} e=${MISSING+x}
STOPSIGNAL ${MISSING:-SIGINT}
COPY --chown=$N:${N} a.txt ${NAME}/
ENV PATHS=${WHERE#/}:${NAME%b}:${WHERE/given/taken}
RUN echo `
 "$N" >/tmp/n
ONBUILD LABEL later=$N
