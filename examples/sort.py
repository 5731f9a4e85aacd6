import sys

for number in sorted(int(line) for line in sys.stdin):
    print(number)
