FROM busybox
ARG WHO=world
ENV ESC=1
COPY <<EOF /hello
hello "$WHO" '$WHO' \$WHO ${ESC:+set} a\b
EOF
COPY <<ONE a.txt <<"TWO" /several/
$WHO
ONE
$WHO
TWO
COPY --chmod=755 <<-EOT /usr/bin/tool
	#!/bin/sh
	echo tool
	EOT
RUN tool >/tool
