# expect {"status": "ok", "output": "Traceback (most recent call last):\n  File \"main.py\", line 4, in <module>\n    int(\"x\")\n    ~~~^^^^^\nValueError: invalid literal for int() with base 10: 'x'\n", "error": ""}
import traceback
try:
    int("x")
except ValueError:
    print(traceback.format_exc())
