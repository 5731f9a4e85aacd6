# expect {"status": "ok", "output": "ok", "error": "", "exitCode": 0, "stderrMatches": "^INFO:root:a log line\n$"}
import logging
logging.basicConfig(level=logging.INFO)
logging.info("a log line")
print("ok")
