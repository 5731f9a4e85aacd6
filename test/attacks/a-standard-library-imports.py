# expect {"status": "ok", "output": "[]", "error": ""}
import importlib
names = """abc argparse array ast asyncio base64 bisect bz2 calendar cmath collections configparser contextlib copy csv
ctypes curses dataclasses datetime decimal difflib dis email enum fcntl fractions functools gc getpass glob graphlib
gzip hashlib heapq hmac html http.client http.server imaplib importlib.metadata inspect io ipaddress itertools json
logging lzma marshal math mimetypes mmap multiprocessing numbers operator os pathlib pickle platform plistlib pprint
profile pstats pty pwd queue random re readline resource sched secrets select selectors shelve shlex shutil signal
smtplib socket socketserver sqlite3 ssl statistics string struct subprocess symtable sysconfig syslog tarfile
tempfile termios textwrap threading time timeit tokenize tomllib trace traceback tracemalloc tty types typing
unicodedata unittest.mock urllib.request uuid venv wave weakref wsgiref xml.etree.ElementTree xmlrpc.client zipfile
zipimport zlib zoneinfo""".split()
missing = []
for name in names:
    try:
        importlib.import_module(name)
    except ImportError as error:
        missing.append(str(error))
print(missing)
