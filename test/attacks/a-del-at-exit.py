# expect {"status": "ok", "output": "main\nplain gone\ncycle gone", "error": ""}
# Objects of the module end with it, those in a cycle too.
class Noisy:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        print(self.name, "gone")
plain = Noisy("plain")
cycle = Noisy("cycle")
cycle.me = cycle
print("main")
