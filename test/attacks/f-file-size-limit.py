# expect {"status": "ok", "output": "File too large\nFile too large", "error": ""}
# No file grows beyond the memory that it would be in, holes or not.
import os
for fd in (os.open("sparse", os.O_RDWR | os.O_CREAT), os.memfd_create("sparse")):
    try:
        os.ftruncate(fd, 2**40)
        print(os.fstat(fd).st_size)
    except OSError as error:
        print(error.strerror)
