# expect {"status": "ok", "output": "__main__\n__mp_main__\nchild\nexit code 0", "error": ""}
# The child runs the file again under another name.
import multiprocessing
print(__name__)
def child():
    print("child")
if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=child)
    process.start()
    process.join()
    print("exit code", process.exitcode)
