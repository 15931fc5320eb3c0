FROM busybox AS parent
ENV WHO=parent
ONBUILD ARG WHAT=x
ONBUILD RUN echo "$WHO $WHAT" >/triggered
ONBUILD ENV TRIGGERED=1
ONBUILD CMD ["triggered"]
RUN test ! -e /triggered
FROM parent AS child
ENTRYPOINT ["e"]
RUN cat /triggered >/seen
FROM child
RUN test -e /triggered
