FROM busybox AS first
RUN mkdir -p /a/b/c && touch /a/b/c/file /a/one && rm -r /usr
FROM first AS second
RUN rm -r /a/b && mkdir /a/b && touch /a/b/new && rm /a/one && mkdir /a/one && touch /a/one/in
FROM second
RUN rm -r /a/one && ln -s b /a/one && echo through >/a/one/link
COPY a.txt /a/one/
COPY sub/ /a/b
