# expect {"status": "output_limit", "outputMatches": "^(?:x{1024}){1024}$", "error": "Output limit of 1 MB exceeded", "truncated": true}
# The beginning is kept, not nothing.
import sys
sys.stdout.buffer.write(b"x" * 50_000_000)
