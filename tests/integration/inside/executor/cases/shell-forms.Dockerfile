FROM busybox
RUN echo one \
    # a comment
    two >/joined
RUN ["/bin/sh", "-c", "echo \"$0\" exec >/exec", "zero"]
RUN <<EOT
echo first >/heredoc
echo "$HOME" >>/heredoc
EOT
RUN <<EOT cat >/catted
text $HOME
EOT
RUN <<-EOT
	echo tabs >/tabs
	EOT
RUN <<EOT
#!/bin/sh
echo "$0" >/script
EOT
RUN cat <<ONE >/two; cat <<'TWO' >>/two
one $HOME
ONE
two $HOME
TWO
SHELL ["/bin/sh", "-xec"]
RUN echo shell >/shell
