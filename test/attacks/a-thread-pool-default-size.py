# expect {"status": "ok", "output": "[0, 1, 4, 9, 16]\n[0, 1, 4, 9, 16]\nfew", "error": ""}
# Pools that are sized by the machine fit into the limit of processes.
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
def square(n):
    return n * n
if __name__ == "__main__":
    for kind in (ThreadPoolExecutor, ProcessPoolExecutor):
        with kind() as pool:
            print(list(pool.map(square, range(5))))
    print("few" if os.cpu_count() <= 4 else os.cpu_count())
