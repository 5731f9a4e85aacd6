# expect {"status": "ok", "output": "1", "error": ""}
import os, time
timer = os.timerfd_create(time.CLOCK_MONOTONIC)
os.timerfd_settime(timer, initial=0.01)
print(int.from_bytes(os.read(timer, 8), "little"))
