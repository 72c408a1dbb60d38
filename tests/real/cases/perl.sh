# Perl, dynamically linked
export LC_ALL=C
exec /usr/bin/perl /cases/script.pl
