# expect {"status": "ok", "output": "[]", "error": ""}
# Nothing of the host's environment.
import os
ordinary = {"HOME", "HOSTNAME", "LANG", "LC_CTYPE", "PATH", "PWD", "SHLVL", "TERM", "_"}
print([name for name in os.environ if name not in ordinary and not name.startswith("PYTHON") and not name.endswith("_NUM_THREADS")])
