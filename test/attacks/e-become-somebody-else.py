# expect {"status": "ok", "outputMatches": "^refused refused refused refused\n20\\d{3} 65534$", "error": ""}
import os
words = []
for action, args in ((os.setuid, (0,)), (os.setgid, (0,)), (os.setgroups, ([0],)), (os.setresuid, (0, 0, 0))):
    try:
        action(*args)
        words.append("accepted")
    except OSError:
        words.append("refused")
print(*words)
print(os.geteuid(), os.getegid())
