FROM busybox
RUN echo joe:x:55:1000::/home/joe:/bin/sh >>/etc/passwd && printf 'joe:x:1000:\nextra:x:77:joe\naudio:x:29:nobody,joe\n' >>/etc/group
USER joe
WORKDIR /made/by/joe
RUN id >id; env | sort >env; touch mine; umask >umask
USER joe:audio
RUN id >id2
USER 55
RUN id >id3
USER 4321
WORKDIR /made/by/number
RUN id >/tmp/id4; env | sort >/tmp/env4
USER 4321:77
WORKDIR ../other
RUN id >/tmp/id5
USER :extra
RUN id >/id6
USER root
WORKDIR relative
RUN pwd >/pwd
