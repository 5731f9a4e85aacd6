# expect {"status": "ok", "output": "refused\nFile too large", "error": ""}
# A file of 1 PiB that holds nothing, and 10 GB asked for in earnest.
import os
with open("sparse", "wb") as file:
    try:
        file.truncate(2**50)
        print(os.path.getsize("sparse"))
    except OSError:
        print("refused")
with open("earnest", "wb") as file:
    try:
        os.posix_fallocate(file.fileno(), 0, 10**10)
    except OSError as error:
        print(error.strerror)
