FROM debian:bookworm-slim
RUN useradd -u 55 -G audio -m joe && rm -r /usr/share/doc && mkdir /usr/share/doc && rm /etc/issue && perl -e 'my ($p, $n, $v) = ("/bin/cat", "security.capability", pack("H*", "0100000200200000000000000000000000000000")); exit -syscall(188, $p, $n, $v, 20, 0)'
USER joe
RUN id >~/id
