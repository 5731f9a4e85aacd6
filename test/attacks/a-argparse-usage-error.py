# expect {"status": "error", "output": "", "error": "Exited with code 2", "exitCode": 2, "request": {"args": ["many"]}, "stderrMatches": "^usage: main\\.py \\[-h\\] count\nmain\\.py: error: argument count: invalid int value: 'many'\n$"}
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("count", type=int)
print(parser.parse_args())
