# expect {"status": "timeout", "output": "before", "error": "Execution timed out after 0.5 seconds", "exitCode": null, "request": {"timeoutSeconds": 0.5}}
import time
print("before")
time.sleep(10**6)
