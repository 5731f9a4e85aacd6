# expect {"status": "ok", "output": "unchanged", "error": "", "runs": 2}
# Files of the image are one copy for all containers: through no door may a program write into it.
import hashlib, mmap, os
target = os.__file__
before = hashlib.sha256(open(target, "rb").read()).digest()
def attempt(action):
    try:
        action()
    except (OSError, ValueError, TypeError):
        pass
source = os.open(target, os.O_RDONLY)
attempt(lambda: os.open(target, os.O_RDWR))
attempt(lambda: os.open(f"/proc/self/fd/{source}", os.O_RDWR))
attempt(lambda: mmap.mmap(source, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE))
attempt(lambda: os.truncate(target, 0))
attempt(lambda: os.utime(target))
attempt(lambda: os.chmod(target, 0o777))
# The way of CVE-2022-0847: a page of the file in a pipe, then a write that is merged into it.
read_end, write_end = os.pipe()
os.write(write_end, b"x" * 65536)
os.read(read_end, 65536)
attempt(lambda: os.splice(source, write_end, 1, offset_src=0))
os.write(write_end, b"poison")
print("unchanged" if hashlib.sha256(open(target, "rb").read()).digest() == before else "changed")
