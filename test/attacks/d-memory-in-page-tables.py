# expect {"status": ["oom", "error", "killed", "ok"], "outputMatches": "^(\\d+ areas|)", "maxDurationMs": 12000}
# One byte in every 2 MB: each costs a page, and another one for the table that points to it.
import mmap
areas = []
try:
    while len(areas) < 2000:
        area = mmap.mmap(-1, 1 << 30)
        for offset in range(0, 1 << 30, 1 << 21):
            area[offset] = 1
        areas.append(area)
        print(len(areas), "areas", flush=True)
except (OSError, MemoryError) as error:
    raise SystemExit(str(error))
