# expect {"status": "error", "output": "", "errorMatches": "^urllib\\.error\\.URLError: <urlopen error \\[Errno -[23]\\] .*>$", "exitCode": 1, "maxDurationMs": 5000}
import urllib.request
print(urllib.request.urlopen("https://example.com", timeout=8).status)
