#!/bin/sh
# Runs as root while the image is made. Options are variables: greeting is $GREETING.
set -e
mkdir -p "$GREETING_HOME"
cat > /usr/local/bin/greet <<END
#!/bin/sh
echo "$GREETING, \$1."
END
chmod 755 /usr/local/bin/greet
