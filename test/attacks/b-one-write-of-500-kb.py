# expect {"status": "ok", "outputMatches": "^(?:x{1000}){500}$", "error": "", "truncated": false}
import sys
sys.stdout.write("x" * 500_000)
