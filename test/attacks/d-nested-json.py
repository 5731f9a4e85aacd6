# expect {"status": "error", "error": "RecursionError: maximum recursion depth exceeded while decoding a JSON array from a unicode string", "exitCode": 1}
import json
json.loads("[" * 100_000 + "]" * 100_000)
