# expect {"status": "ok", "output": "\ufeff\u0000\u001b[31mred\u001b[0m\r 50%\r100%\u0007\u2028\r", "error": ""}
# Byte order mark, NUL, colours, progress bar, line separators: verbatim.
print("\ufeff\0\033[31mred\033[0m\r 50%\r100%\a\u2028\r")
