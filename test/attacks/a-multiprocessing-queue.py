# expect {"status": "ok", "output": "[0, 1, 2, 3, 4] True", "error": ""}
import multiprocessing
def produce(queue, event):
    for n in range(5):
        queue.put(n)
    event.set()
if __name__ == "__main__":
    queue = multiprocessing.Queue()
    event = multiprocessing.Event()
    process = multiprocessing.Process(target=produce, args=(queue, event))
    process.start()
    items = [queue.get() for _ in range(5)]
    process.join()
    print(items, event.is_set())
