# expect {"status": "ok", "output": "refused", "error": ""}
# Takes huge pages of the host, which no limit of memory counts.
import errno, mmap, os
taken = []
for size in (0, 21 << 26, 30 << 26):  # the default, 2 MB, 1 GB
    try:
        mmap.mmap(-1, 1 << 30, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000 | size)
        taken.append(("mmap", size))
    except OSError as error:
        if error.errno != errno.EPERM:
            taken.append(("mmap", error.errno))
    try:
        os.memfd_create("x", os.MFD_HUGETLB | size)
        taken.append(("memfd", size))
    except OSError as error:
        if error.errno != errno.EPERM:
            taken.append(("memfd", error.errno))
block = mmap.mmap(-1, 1 << 22)
block.madvise(mmap.MADV_HUGEPAGE)
block[0] = 1
print(taken or "refused")
