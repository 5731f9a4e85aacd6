# expect {"status": "ok", "output": "['__annotations__', '__builtins__', '__cached__', '__doc__', '__file__', '__loader__', '__name__', '__package__', '__spec__']\nTrue True\ndoc None None None {}\nmodule", "error": ""}
"""doc"""
print(sorted(globals()))
import os, sys
print(vars(sys.modules["__main__"]) is globals(), os.path.samefile(__file__, "main.py"))
print(__doc__, __spec__, __package__, __cached__, __annotations__)
print(type(__builtins__).__name__)
