# expect {"status": "ok", "outputMatches": "^(?:x{1024}){1024}$", "error": "", "truncated": false}
import sys
sys.stdout.write("x" * 2**20)
