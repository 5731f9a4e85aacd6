# expect {"status": "ok", "outputMatches": "^(?:x{1024}){1023}x{1023}$", "error": "", "truncated": false}
import sys
sys.stdout.write("x" * (2**20 - 1))
