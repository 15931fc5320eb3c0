FROM busybox
RUN mkfifo -m 622 /pipe && mknod /node c 1 3 && truncate -s 5M /holes && mkdir -m 1777 /owned && chown 1234:5678 /owned && touch /owned/ü && cp /bin/busybox /able && chmod 4755 /able && ln /able /hard && mv /hard /etc/hard && ln -s /nowhere /dangling && touch -d @1000000000 /old
RUN mkdir /opt && touch /opt/in
RUN rm -rf /opt && echo file >/opt && rm -r /tmp
RUN (sleep 1000 &) ; echo started >/background
