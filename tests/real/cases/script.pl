# A dynamically linked interpreter: hashes, strings, patterns, sorting, files, processes, signals.
use strict;
use warnings;
$| = 1;

my %count;
my $x = 1;
for (1 .. 150000) {
    $x = ($x * 1103515245 + 12345) % 2147483648;
    $count{$x % 5003}++;
}
my @top = (sort { $count{$b} <=> $count{$a} || $a <=> $b } keys %count)[0 .. 4];
print scalar(keys %count), " keys, top @top\n";
my $text = join ' ', map { "word$_" } 1 .. 60000;
my $matches = () = $text =~ /\bword\d*7\b/g;
(my $changed = $text) =~ s/(\d)(\d)(\d)\b/$3$2$1/g;
print length($text), " bytes, $matches matches, ", unpack('%32C*', $changed), "\n";
my @deep = ();
@deep = ([@deep]) for 1 .. 5000;
my $depth = 0;
for (my $at = \@deep; @$at; $at = $at->[0]) { $depth++ }
print "depth $depth\n";
my $large = 'x' x (48 << 20);
substr($large, 12345678, 5) = 'HELLO';
print length($large), ' ', index($large, 'HELLO'), "\n";
undef $large;

pipe(my $reader, my $writer) or die "pipe: $!";
my @children;
for my $i (1 .. 8) {
    my $child = fork // die "fork: $!";
    if ($child == 0) {
        close $reader;
        $count{$_} = $i for keys %count;
        my $sum = 0;
        $sum += $_ for values %count;
        syswrite $writer, "$i $sum\n";
        exit $i;
    }
    push @children, $child;
}
close $writer;
my @said = sort <$reader>;
print 'child ', $_ for @said;
my $statuses = 0;
for (@children) { waitpid $_, 0; $statuses += $? >> 8 }
print "statuses $statuses, here ", scalar(grep { $_ > 8 } values %count), " untouched\n";

my $got = 0;
local $SIG{USR1} = sub { $got++ };
kill USR1 => $$ for 1 .. 5;
print "signals $got\n";
open my $out, '>', '/tmp/lines' or die "open: $!";
printf $out "%06d\n", $_ * 7 % 100003 for 1 .. 50000;
close $out;
open my $in, '-|', 'sort -n /tmp/lines | uniq | tail -n 1' or die "pipe from: $!";
print 'last ', <$in>;
close $in;
unlink '/tmp/lines';
print "output: ", `echo from the shell`;
