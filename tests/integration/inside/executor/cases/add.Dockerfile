FROM busybox
ADD some.tar.gz /unpacked/
ADD --chown=5 sub/*.txt a.txt /added/
ADD --chmod=600 run.sh /run.sh
