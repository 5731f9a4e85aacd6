# expect {"status": "ok", "output": "[1, 4, 9] [1, 4, 9]", "error": ""}
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
def square(number):
    return number * number
with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(2) as processes:
    print(list(threads.map(square, [1, 2, 3])), list(processes.map(square, [1, 2, 3])))
