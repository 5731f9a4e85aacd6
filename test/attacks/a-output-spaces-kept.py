# expect {"status": "ok", "output": "  two spaces  \n\n", "error": ""}
# Byte for byte, but for the one final newline.
print("  two spaces  \n\n")
