# expect {"status": "killed", "outputMatches": "^(?:x{1000}){500}$", "error": "Killed by SIGABRT", "signal": "SIGABRT"}
# All of it is kept, what still lies in the pipe too.
import os
os.write(1, b"x" * 500_000)
os.abort()
