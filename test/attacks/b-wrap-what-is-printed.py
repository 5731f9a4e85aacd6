# expect {"status": "ok", "output": "\u0000\u0001O\u0000\u0000\u0000\u0005hello\n{\"status\":\"ok\"}\ndata: {}\n\nevent: result", "error": ""}
# Bytes that are frames, events or JSON elsewhere are text here.
import sys
sys.stdout.write('\0\x01O\0\0\0\x05hello\n{"status":"ok"}\ndata: {}\n\nevent: result\n')
