# expect {"status": "output_limit", "outputMatches": "^x(?:é{1023}){512}é{511}\ufffd?$", "error": "Output limit of 1 MB exceeded", "truncated": true}
# The last byte that fits is the first half of a character.
import sys
sys.stdout.write("x" + "é" * 600_000)
