# expect {"status": "error", "error": "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)", "exitCode": 1}
# Its module is part of its name.
import json
json.loads("nothing")
