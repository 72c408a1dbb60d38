# What a Python program does every day: prints the same on every machine.
import ctypes, hashlib, json, mmap, multiprocessing.pool, os, random, re, select, signal
import struct, subprocess, sys, tempfile, threading, zlib

random.seed(7)
data = {"list": [random.random() for _ in range(2000)], "text": "".join(map(chr, range(32, 1000)))}
text = json.dumps(data, sort_keys=True)
assert json.loads(text) == data
for name in ("md5", "sha1", "sha256", "sha3_512", "blake2b"):
    print(name, hashlib.new(name, text.encode()).hexdigest())
packed = zlib.compress(text.encode(), 9)
assert zlib.decompress(packed).decode() == text
print("zlib", len(packed), zlib.crc32(packed))

print(subprocess.run(["/bin/sh", "-c", "cat; echo err >&2; exit 7"], input=b"through a pipe\n",
                     capture_output=True))
pipes = [subprocess.Popen(["sort", "-n"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
         for _ in range(4)]
for at, pipe in enumerate(pipes):
    print(pipe.communicate(b"".join(b"%d\n" % (n * 37 % 101) for n in range(at, 40)))[0][:12])
try:
    subprocess.run(["/bin/sleep", "100"], timeout=0.05)
except subprocess.TimeoutExpired as late:
    print("timeout", late.cmd)

total, lock = 0, threading.Lock()


def add(n):
    global total
    for _ in range(n):
        with lock:
            total += 1


threads = [threading.Thread(target=add, args=(500,)) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
print("threads", total)
with multiprocessing.pool.ThreadPool(4) as pool:
    print("pool", sum(pool.map(lambda n: n * n, range(1000))))

with tempfile.TemporaryFile() as file:
    file.truncate(1 << 20)
    with mmap.mmap(file.fileno(), 0) as shared:
        child = os.fork()
        if child == 0:
            shared[12345:12350] = b"child"
            os._exit(3)
        print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shared[12345:12350])
        shared.resize(2 << 20)
        shared.move(1 << 20, 12345, 5)
        shared.flush()
    file.seek(1 << 20)
    print("file", file.read(5), os.fstat(file.fileno()).st_size)

signal.signal(signal.SIGALRM, lambda *_: print("alarm"))
signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause()
reading, writing = os.pipe()
poll = select.epoll()
poll.register(reading, select.EPOLLIN)
os.write(writing, b"x")
print("epoll", [events for _, events in poll.poll()])
libc = ctypes.CDLL(None)
libc.qsort.restype = None
numbers = (ctypes.c_int * 5)(5, 3, 9, 1, 7)
order = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
libc.qsort(numbers, 5, 4, order(lambda a, b: a[0] - b[0]))
print("ctypes", list(numbers))
print(re.sub(r"(\w+)@(\w+)", r"\2 at \1", "name@host other@place"), struct.pack(">IhQ", 1, -2, 3))
try:
    open("/no/such/file")
except FileNotFoundError as missing:
    print(missing)
print(os.path.basename(sys.executable), {"0", "1", "2"} <= set(os.listdir("/proc/self/fd")))
