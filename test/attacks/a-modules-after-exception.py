# expect {"status": "error", "output": "True True", "error": "ValueError: x", "exitCode": 1}
# What runs after an uncaught exception finds the modules that the program has loaded.
import atexit, enum, re
@atexit.register
def at_exit():
    import enum as enum_again, re as re_again
    print(enum_again is enum, re_again is re)
raise ValueError("x")
