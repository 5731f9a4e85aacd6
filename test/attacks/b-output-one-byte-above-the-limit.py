# expect {"status": "output_limit", "outputMatches": "^(?:x{1024}){1024}$", "error": "Output limit of 1 MB exceeded", "truncated": true}
import sys
sys.stdout.write("x" * 2**20 + "y")
