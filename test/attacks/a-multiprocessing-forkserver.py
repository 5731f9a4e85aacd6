# expect {"status": "ok", "output": "[1, 4, 9]", "error": "", "stderrMatches": "^$"}
import multiprocessing
def square(n):
    return n * n
if __name__ == "__main__":
    with multiprocessing.get_context("forkserver").Pool(2) as pool:
        print(pool.map(square, [1, 2, 3]))
