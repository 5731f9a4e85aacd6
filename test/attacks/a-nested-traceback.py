# expect {"status": "error", "output": "", "error": "ZeroDivisionError: division by zero", "exitCode": 1, "stderrMatches": "^Traceback \\(most recent call last\\):\n  File \"main\\.py\", line 14, in <module>\n    first\\(1\\)\n[^/<]*  File \"main\\.py\", line 3, in first\n    second\\(x\\)\n[^/<]*  File \"main\\.py\", line 7, in second\n    third\\(x\\)\n[^/<]*  File \"main\\.py\", line 11, in third\n    return x / 0\n[ ~^]*\\/?[ ~^]*\nZeroDivisionError: division by zero\n$"}
def first(x):
    second(x)


def second(x):
    third(x)


def third(x):
    return x / 0


first(1)
