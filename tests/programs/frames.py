# Two processes show the same page frames for the text of the C library, and other ones for what each
# has written: private mappings of a file are shared until then.
import ctypes, os, struct, sys


def frames(first, pages):
    with open("/proc/self/pagemap", "rb") as pagemap:
        pagemap.seek(first // 4096 * 8)
        return [entry & ((1 << 55) - 1) if entry >> 63 else 0
                for entry in struct.unpack("<%dQ" % pages, pagemap.read(8 * pages))]


def mapping(rights):
    with open("/proc/self/maps") as maps:
        for line in maps:
            fields = line.split()
            if fields[1] == rights and "/libc.so" in fields[-1]:
                return tuple(int(at, 16) for at in fields[0].split("-"))


def look():
    text, data = mapping("r-xp"), mapping("rw-p")
    shown = frames(text[0], (text[1] - text[0]) // 4096)
    ctypes.memset(data[1] - 1, 0, 1)  # the last byte of the library's data
    return {"text": shown, "data": frames(data[1] - 4096, 1)}


if len(sys.argv) > 1:
    print(repr(look()))
    sys.exit()
mine = look()
# Another program of its own, not a fork: only the file is in common.
with os.popen("%s %s other" % (sys.executable, sys.argv[0])) as other:
    theirs = eval(other.read())
both = [(a, b) for a, b in zip(mine["text"], theirs["text"]) if a and b]
print("pages of text in both:", "many" if len(both) > 50 else len(both))
print("in other frames:", sum(a != b for a, b in both))
print("data that was written in other frames:", mine["data"][0] != theirs["data"][0] != 0)
