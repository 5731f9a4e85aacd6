// The programs that the page offers: ordinary ones, some that reach a wall, and the experiments of README.md.

export interface Example {
  /** The example's name in an address. */
  id: string
  title: string
  /** A sentence that says what to expect, and which wall stops the program, if any. */
  expect: string
  group: 'Ordinary programs' | 'Stopped by a wall' | 'Experiments'
  code: string
  stdin?: string
  /** Globs of the files to return. */
  outputFiles?: readonly string[]
  /** The environment that the program needs; by default any will do. */
  environment?: string
  displayLastExpression?: boolean
}

export const EXAMPLES: readonly Example[] = [
  {
    id: 'hello',
    title: 'Hello',
    expect: 'Answers in a few milliseconds: the container is started ahead of time.',
    group: 'Ordinary programs',
    code: `import sys

print("Hello from Python", sys.version.split()[0])
print(2 + 2)
`,
  },
  {
    id: 'words',
    title: 'Count words',
    expect: 'Counts the words of the text under “Input”.',
    group: 'Ordinary programs',
    stdin: `the quick brown fox jumps over the lazy dog
the dog sleeps and the fox runs away
`,
    code: `import sys
from collections import Counter

words = Counter(sys.stdin.read().split())
for word, count in words.most_common(5):
    print(f"{word:<8}{count:>3}  {'*' * count}")
`,
  },
  {
    id: 'countdown',
    title: 'Countdown',
    expect: 'Prints a line a second, shown as it arrives. Stop ends the program on the server too.',
    group: 'Ordinary programs',
    code: `import sys
import time

for second in range(5, 0, -1):
    print(second, flush=True)
    time.sleep(1)
print("lift-off", file=sys.stderr)
`,
  },
  {
    id: 'exception',
    title: 'An exception',
    expect: 'Ends with an error. The lines of the traceback link to those of the program.',
    group: 'Ordinary programs',
    code: `def average(numbers):
    return sum(numbers) / len(numbers)


print(average([3, 4, 5]))
print(average([]))
`,
  },
  {
    id: 'files',
    title: 'Write files',
    expect: 'Offers the files that match the patterns under “Output files” as downloads.',
    group: 'Ordinary programs',
    outputFiles: ['*.csv', 'out/**'],
    code: `import csv
import os

with open("squares.csv", "w", newline="") as file:
    csv.writer(file).writerows([n, n * n] for n in range(10))
os.mkdir("out")
with open("out/report.txt", "w") as file:
    file.write("ten squares in squares.csv\\n")
print("done")
`,
  },
  {
    id: 'plot',
    title: 'A plot',
    expect: 'Shows the figure as a picture. numpy and matplotlib are loaded ahead of time.',
    group: 'Ordinary programs',
    environment: 'data',
    code: `import matplotlib.pyplot as plt
import numpy as np

x = np.linspace(0, 4 * np.pi, 400)
plt.plot(x, np.sin(x), label="sin x")
plt.plot(x, np.exp(-x / 6) * np.cos(2 * x), label="a damped wave")
plt.legend()
plt.title("Two waves")
plt.show()
`,
  },
  {
    id: 'table',
    title: 'A table',
    expect: 'Shows the value of the last line as a table.',
    group: 'Ordinary programs',
    environment: 'data',
    displayLastExpression: true,
    code: `import pandas as pd

planets = pd.DataFrame(
    {
        "planet": ["Mercury", "Venus", "Earth", "Mars"],
        "days": [88.0, 224.7, 365.2, 687.0],
        "moons": [0, 0, 1, 2],
    }
)
planets.sort_values("days", ascending=False)
`,
  },
  {
    id: 'infinite-loop',
    title: 'Infinite loop',
    expect: 'Ends with timeout, by a deadline inside the container and a watchdog outside.',
    group: 'Stopped by a wall',
    code: `while True:
    pass
`,
  },
  {
    id: 'memory-bomb',
    title: 'Memory bomb',
    expect: 'Ends with oom: the container has a fixed amount of memory and no swap.',
    group: 'Stopped by a wall',
    code: `blocks = []
while True:
    blocks.append(bytearray(1024 * 1024))
`,
  },
  {
    id: 'network',
    title: 'Network',
    expect: 'Ends with an error: the container has no network, so no name resolves.',
    group: 'Stopped by a wall',
    code: `import urllib.request

print(urllib.request.urlopen("http://example.com", timeout=5).status)
`,
  },
  {
    id: 'fork-bomb',
    title: 'Fork bomb',
    expect: 'Reaches the process limit. All processes are gone at the end.',
    group: 'Stopped by a wall',
    code: `import os
import time

children = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(60)
        children += 1
except BlockingIOError as error:
    print(f"after {children} children: {error}")
`,
  },
  {
    id: 'output-flood',
    title: 'Output flood',
    expect: 'Ends with output_limit: the output is cut at the limit and the program is stopped.',
    group: 'Stopped by a wall',
    code: `while True:
    print("all work and no play makes Jack a dull boy")
`,
  },
  {
    id: 'passwd',
    title: 'Read /etc/passwd',
    expect: 'Succeeds: the accounts are those of the image, not of the host.',
    group: 'Experiments',
    code: `print(open("/etc/passwd").read())
`,
  },
  {
    id: 'write-tmp',
    title: 'Write to /tmp',
    expect: 'Prints “before: False” each time: every run gets a fresh container.',
    group: 'Experiments',
    code: `import os

print("before:", os.path.exists("/tmp/note.txt"))
with open("/tmp/note.txt", "w") as file:
    file.write("gone when this run ends")
print("after:", open("/tmp/note.txt").read())
`,
  },
  {
    id: 'write-image',
    title: 'Write to the image',
    expect: 'Ends with an error: the root file system is read-only.',
    group: 'Experiments',
    code: `open("/usr/bin/evil", "w")
`,
  },
]
