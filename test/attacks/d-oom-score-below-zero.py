# expect {"status": "ok", "output": "refused", "error": ""}
# The kernel would spare this process and take the runner.
try:
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")
    print("accepted")
except OSError:
    print("refused")
