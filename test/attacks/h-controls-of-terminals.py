# expect {"status": "ok", "output": "refused", "error": "", "stderrMatches": "^$"}
# Loads a line discipline into a terminal of its own, types for whoever reads it, and asks for the console.
import errno, fcntl, os, struct, termios, tty
master, slave = os.openpty()
tty.setraw(slave)
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
os.write(master, b"works")
assert os.read(slave, 5) == b"works" and os.isatty(slave) and os.get_terminal_size(slave) == (80, 24)
done = []
for name, request in {"TIOCSETD": 0x5423, "TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "TIOCCONS": 0x541D, "TIOCVHANGUP": 0x5437, "TIOCSSERIAL": 0x541F}.items():
    for number in (2, 3, 7, 13, 15, 16, 21, 25):
        try:
            fcntl.ioctl(slave, request, struct.pack("i60x", number))
            done.append(name)
        except OSError as error:
            if error.errno != errno.EPERM:
                done.append((name, error.errno))
print(done or "refused")
