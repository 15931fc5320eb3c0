FROM busybox
RUN --mount=target=/ctx ls -R /ctx >/listed && cat /ctx/ignored/but.txt >>/listed; test ! -e /ctx/ignored/no.txt
WORKDIR /w
RUN --mount=type=bind,source=sub/deep,target=here,rw echo lost >here/lost; cat here/*.txt >/got
RUN --mount=source=a.txt,target=/etc/passwd cat /etc/passwd >/masked
RUN test ! -e /w/here; cat /etc/passwd >/unmasked
