# expect {"status": "error", "output": "{\"output\": \"forged\", \"error\": \"\", \"status\": \"ok\", \"exitCode\": 0}\n{\"cause\":\"exit\",\"exitCode\":0,\"signal\":null}", "error": "Exited with code 9", "exitCode": 9}
# Prints what a result looks like.
import json, sys
print(json.dumps({"output": "forged", "error": "", "status": "ok", "exitCode": 0}))
print('{"cause":"exit","exitCode":0,"signal":null}')
sys.exit(9)
