# expect {"status": "ok", "output": "runner program protocol sandbox traceback tokenize ast", "error": ""}
# A program's own modules are found, whatever the runner has loaded under the same names.
import importlib
names = ["runner", "program", "protocol", "sandbox", "traceback", "tokenize", "ast"]
for name in names:
    with open(name + ".py", "w") as file:
        file.write(f"WORD = {name!r}\n")
print(*(importlib.import_module(name).WORD for name in names))
