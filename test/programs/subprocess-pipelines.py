"""Lets other Python processes work: a pipeline, a conversation, failures, signals, time limits."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent

NUMBERS = "for n in range(1, 101): print(n)"
MULTIPLES = """
    import sys
    for line in sys.stdin:
        if int(line) % int(sys.argv[1]) == 0:
            print(line, end="")
"""
TOTAL = """
    import sys
    numbers = [int(line) for line in sys.stdin]
    print(len(numbers), "numbers, sum", sum(numbers))
"""
CALCULATOR = """
    import sys
    memory = 0
    for line in iter(sys.stdin.readline, ""):
        operation, number = line.split()
        if operation == "add":
            memory += int(number)
        elif operation == "times":
            memory *= int(number)
        else:
            sys.exit(f"{operation}?")
        print(memory, flush=True)
"""
ENVIRONMENT = "import os; print(os.environ['GREETING'], os.getcwd() == os.environ['PLACE'])"
HANDLER = """
    import signal, sys, time
    def leave(number, frame):
        print("asked to leave by", signal.Signals(number).name)
        sys.exit(7)
    signal.signal(signal.SIGTERM, leave)
    print("ready", flush=True)
    time.sleep(30)
"""
SLEEPER = "import time; time.sleep(30)"
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def python(code, *args):
    return [sys.executable, "-S", "-c", dedent(code), *args]


def pipeline(*commands):
    """Runs all commands at once, each reading what the one before it writes; returns output and codes."""
    with ExitStack() as running:
        processes = []
        source = subprocess.DEVNULL
        for command in commands:
            process = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, text=True)
            processes.append(running.enter_context(process))
            if processes[1:]:
                source.close()
            source = process.stdout
        output = source.read()
    return output.strip(), [process.returncode for process in processes]


def conversation(*lines):
    """Sends a line, waits for its answer, sends the next one."""
    with subprocess.Popen(python(CALCULATOR), text=True, bufsize=1, **PIPES) as process:
        for line in lines:
            print(line, file=process.stdin, flush=True)
            print(f"  {line:8} -> {process.stdout.readline().strip() or 'no answer'}")
        _, complaint = process.communicate()
    print("  ended with", process.returncode, complaint.strip())


def main():
    print("pipeline:", *pipeline(python(NUMBERS), python(MULTIPLES, "7"), python(TOTAL)))
    print("conversation")
    conversation("add 6", "times 7", "root 2")

    shout = python("print(input().upper())")
    shouted = subprocess.run(shout, input="grüße\nignored\n", capture_output=True, encoding="utf-8")
    print("shouted:", shouted.stdout.strip())
    environment = {**os.environ, "GREETING": "你好", "PLACE": str(Path.cwd())}
    told = subprocess.check_output(python(ENVIRONMENT), env=environment, encoding="utf-8")
    print("environment:", told.strip())

    try:
        subprocess.run(python("1 / 0"), check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        print("failed:", error.returncode, error.stderr.splitlines()[-1])
    try:
        subprocess.run(python(SLEEPER), timeout=0.1)
    except subprocess.TimeoutExpired as error:
        print("too late:", error.cmd[-1])

    polite = subprocess.Popen(python(HANDLER), stdout=subprocess.PIPE, text=True)
    polite.stdout.readline()
    polite.send_signal(signal.SIGTERM)
    print("polite:", polite.communicate()[0].strip(), polite.returncode)
    killed = subprocess.Popen(python(SLEEPER))
    killed.kill()
    print("killed by", signal.Signals(-killed.wait()).name)


main()
