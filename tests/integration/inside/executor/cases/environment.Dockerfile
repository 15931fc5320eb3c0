FROM busybox
ARG GIVEN
ARG NOTHING
ARG DEFAULT=${GIVEN}-x
ENV A=1 B="two words" C=$DEFAULT
ENV OLD the old $A way
ARG A=arg
ENV D=$A E=${MISSING:-none} F=${A:+set} A=3
RUN env | sort >/env; echo "$GIVEN" '$A' >/words
RUN ["env"]
LABEL one=1 "two words"="x \"y\"" $A=v
ENV PATH=/mine:$PATH
RUN echo $PATH >/path
