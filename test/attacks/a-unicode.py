# expect {"status": "ok", "output": "höhe 1.5 日本語 😀 4", "error": ""}
höhe = 1.5
print(f"{höhe=}".split("=")[0], höhe, "日本語", "😀", len("日本語😀"))
