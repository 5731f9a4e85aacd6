# expect {"status": "ok", "output": "{'a': 1} 5", "error": ""}
import multiprocessing
def work(shared, number):
    shared["a"] = 1
    with number.get_lock():
        number.value += 5
if __name__ == "__main__":
    with multiprocessing.Manager() as manager:
        shared, number = manager.dict(), multiprocessing.Value("i", 0)
        process = multiprocessing.Process(target=work, args=(shared, number))
        process.start()
        process.join()
        print(dict(shared), number.value)
