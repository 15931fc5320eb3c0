FROM busybox AS quoted
ENV HOME=/elsewhere
RUN env | grep HOME= >/home; cd; true
SHELL ["/bin/ash", "-e", "-c"]
RUN printf '%s\n' "$0" 'a "b" c' \
  \
  "$HOME" >/words && \
# between
  echo end >>/words
ENTRYPOINT echo "quoted \"twice\"" $HOME
CMD ["a\tb", "ü"]
FROM quoted
SHELL ["/bin/sh", "-c"]
ENTRYPOINT []
RUN ["sh", "-c", "echo $0 >/zero"]
RUN   echo   spaces    >/spaces
CMD
