# expect {"status": "ok", "output": "[1, 4, 9]", "error": ""}
import multiprocessing
def square(n):
    return n * n
with multiprocessing.Pool(2) as pool:
    print(pool.map(square, [1, 2, 3]))
