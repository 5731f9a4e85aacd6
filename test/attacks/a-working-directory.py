# expect {"status": "ok", "output": "['main.py']\nkept\n/tmp/work", "error": ""}
import os
print(os.listdir())
with open("note.txt", "w") as file:
    file.write("kept")
print(open("note.txt").read())
print(os.getcwd())
