# fork, regular expressions, files, sorting, pack: prints the same on every machine.
use strict;
use warnings;
use File::Temp qw(tempdir);
use POSIX qw(:sys_wait_h);
use Digest::MD5 qw(md5_hex);
use List::Util qw(sum max);

$| = 1;
my $folder = tempdir(CLEANUP => 1);
my @pids;
for my $n (1 .. 6) {
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open my $out, '>', "$folder/$n" or die "$n: $!";
        print $out "line $_ of $n: ", md5_hex("$n/$_"), "\n" for 1 .. 200;
        close $out or die;
        POSIX::_exit($n);
    }
    push @pids, $pid;
}
print "status ", join(' ', map { waitpid($_, 0); $? >> 8 } @pids), "\n";
my %seen;
for my $name (sort glob "$folder/*") {
    open my $in, '<', $name or die;
    while (<$in>) {
        $seen{$2}++ if /^line (\d+) of \d: ([0-9a-f]{2})/;
    }
    rename $name, "$name.old" or die;
}
print scalar(keys %seen), ' ', sum(values %seen), ' ', max(values %seen), ' ', -s "$folder/6.old", "\n";
my $text = join ' ', map { sprintf '%03d', $_ * 7919 % 1000 } 1 .. 2000;
my @found = $text =~ /\b(\d)\d\1\b/g;
print scalar(@found), ' ', md5_hex(join ',', sort { $b <=> $a } split / /, $text), "\n";
pipe my $from, my $to or die;
if (!fork) {
    close $from;
    print $to scalar reverse "through a pipe\n";
    exit 0;
}
close $to;
print "pipe: ", <$from>, "\n";
wait;
open my $command, '-|', 'sort -r | head -n 2; echo three' or die;
print "command: $_" while <$command>;
close $command;
local $SIG{USR1} = sub { print "signal\n" };
kill 'USR1', $$;
eval { die { code => 42 } };
print "died with $@->{code}\n";
print unpack('H*', pack 'NnCa4w', 1, 2, 3, 'four', 500), "\n";
print -e '/no/such' ? 'yes' : "no: $!", "\n";
