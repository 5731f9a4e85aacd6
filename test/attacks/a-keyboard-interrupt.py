# expect {"status": "error", "output": "before", "error": "KeyboardInterrupt", "stderrMatches": "^Traceback [^]*\nKeyboardInterrupt\n$"}
print("before")
raise KeyboardInterrupt
