// The programs that the page offers and README.md explains: what a container allows and what it stops, and ordinary ones.

export interface Example {
  /** Names the example in an address. */
  id: string
  title: string
  /** What to expect, and which wall stops it where one does: one sentence. */
  expect: string
  group: 'Ordinary programs' | 'What the walls stop' | 'Experiments'
  code: string
  stdin?: string
  /** Globs of the files that come back. */
  outputFiles?: readonly string[]
  /** What it needs; by default it runs in any. */
  environment?: 'data'
  displayLastExpression?: boolean
}

export const EXAMPLES: readonly Example[] = [
  {
    id: 'hello',
    title: 'Hello',
    expect: 'An answer in a few milliseconds: the container was waiting.',
    group: 'Ordinary programs',
    code: `import sys

print("Hello from Python", sys.version.split()[0])
print(2 + 2)
`,
  },
  {
    id: 'words',
    title: 'Count words',
    expect: 'Reads the standard input that stands in the fold, and prints a table of its words.',
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
    expect: 'A line a second, shown as it comes; Stop ends it on the server too.',
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
    expect: 'Ends with an error: its lines in the traceback lead to their lines in the program.',
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
    expect: 'The files that match the patterns in the fold come back to be downloaded.',
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
    expect: 'The figure comes back as a picture; numpy and matplotlib are loaded already.',
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
    expect: 'The value of the last line is shown as a table.',
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
    expect: 'Ends with timeout: a deadline inside the container and a watchdog outside.',
    group: 'What the walls stop',
    code: `while True:
    pass
`,
  },
  {
    id: 'memory-bomb',
    title: 'Memory bomb',
    expect: 'Ends with oom: the container has a fixed amount of memory and no swap.',
    group: 'What the walls stop',
    code: `blocks = []
while True:
    blocks.append(bytearray(1024 * 1024))
`,
  },
  {
    id: 'network',
    title: 'Network',
    expect: 'Ends with an error: the container has no network, so no name resolves.',
    group: 'What the walls stop',
    code: `import urllib.request

print(urllib.request.urlopen("http://example.com", timeout=5).status)
`,
  },
  {
    id: 'fork-bomb',
    title: 'Fork bomb',
    expect: 'Is stopped by the limit of processes, and all of them are gone at the end.',
    group: 'What the walls stop',
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
    expect: 'Ends with output_limit: output is cut while it is read, and the program is stopped.',
    group: 'What the walls stop',
    code: `while True:
    print("all work and no play makes Jack a dull boy")
`,
  },
  {
    id: 'passwd',
    title: 'Read /etc/passwd',
    expect: 'Succeeds, and shows the accounts of the image: none of the host is in it.',
    group: 'Experiments',
    code: `print(open("/etc/passwd").read())
`,
  },
  {
    id: 'write-tmp',
    title: 'Write to /tmp',
    expect: 'Prints “before: False” each time: every run has a container of its own.',
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
    expect: 'Ends with an error: the root of the container is read-only.',
    group: 'Experiments',
    code: `open("/usr/bin/evil", "w")
`,
  },
]
