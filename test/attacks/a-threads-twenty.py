# expect {"status": "ok", "output": "[0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121, 144, 169, 196, 225, 256, 289, 324, 361]", "error": ""}
import threading
results = {}
def square(n):
    results[n] = n * n
threads = [threading.Thread(target=square, args=(n,)) for n in range(20)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print([results[n] for n in range(20)])
