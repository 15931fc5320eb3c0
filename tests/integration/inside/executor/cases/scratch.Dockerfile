FROM busybox AS tools
FROM scratch
WORKDIR /a/b
ENV X=1
LABEL l=1
CMD ["/nothing"]
