# Debian's bash, with a script of every construct
exec /bin/bash /cases/script.bash one 'two words' three
