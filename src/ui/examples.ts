// The programs that the page offers and README.md explains: what a container allows and what it stops.

export interface Example {
  /** Names the example in an address. */
  id: string
  title: string
  code: string
}

export const EXAMPLES: readonly Example[] = [
  {
    id: 'hello',
    title: 'Hello',
    code: `import sys

print("Hello from Python", sys.version.split()[0])
print(2 + 2)
`,
  },
  {
    id: 'infinite-loop',
    title: 'Infinite loop',
    code: `while True:
    pass
`,
  },
  {
    id: 'memory-bomb',
    title: 'Memory bomb',
    code: `blocks = []
while True:
    blocks.append(bytearray(1024 * 1024))
`,
  },
  {
    id: 'network',
    title: 'Network',
    code: `import urllib.request

print(urllib.request.urlopen("http://example.com", timeout=5).status)
`,
  },
  {
    id: 'passwd',
    title: 'Read /etc/passwd',
    code: `print(open("/etc/passwd").read())
`,
  },
  {
    id: 'write-tmp',
    title: 'Write to /tmp',
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
    code: `open("/usr/bin/evil", "w")
`,
  },
]
