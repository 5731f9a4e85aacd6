"""A key-value store served over TCP on loopback: a threading server, its protocol, and several clients."""

import json
import socket
import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager


class Store:
    """What the server keeps; each command is one step that no other can interrupt."""

    def __init__(self):
        self.values = {}
        self.lock = threading.Lock()
        self.commands = 0

    def execute(self, command, *args):
        method = getattr(self, f"do_{command}", None)
        if method is None:
            raise ValueError(f"unknown command {command}")
        with self.lock:
            self.commands += 1
            return method(*args)

    def do_set(self, key, value):
        before = self.values.get(key)
        self.values[key] = value
        return before

    def do_get(self, key):
        return self.values[key]

    def do_add(self, key, number):
        self.values[key] = self.values.get(key, 0) + number
        return self.values[key]

    def do_keys(self, prefix=""):
        return sorted(key for key in self.values if key.startswith(prefix))


class Handler(socketserver.StreamRequestHandler):
    """Answers each line of a connection, which is a command as JSON, with a line."""

    def handle(self):
        for line in self.rfile:
            try:
                answer = {"result": self.server.store.execute(*json.loads(line))}
            except (KeyError, TypeError, ValueError) as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            self.wfile.write(json.dumps(answer).encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    def __init__(self, address, store):
        super().__init__(address, Handler)
        self.store = store


class Client:
    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=5)
        self.file = self.socket.makefile("rw", encoding="utf-8", newline="\n")

    def send(self, line):
        print(line, file=self.file, flush=True)
        answer = json.loads(self.file.readline())
        return answer["result"] if "result" in answer else f"refused, {answer['error']}"

    def call(self, *command):
        return self.send(json.dumps(command, ensure_ascii=False))

    def close(self):
        self.file.close()
        self.socket.close()


@contextmanager
def serving(store):
    """Runs a server in a thread on a free port; yields its address."""
    with Server(("127.0.0.1", 0), store) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address
        finally:
            server.shutdown()
            thread.join()


def count_up(address, name, times):
    """One client of many: counts on a counter of its own and on one that all share."""
    with closing(Client(address)) as client:
        own = [client.call("add", f"counter.{name}", 1) for _ in range(times)]
        shared = [client.call("add", "counter.all", 1) for _ in range(times)]
    return own == list(range(1, times + 1)), shared == sorted(shared)


def main():
    store = Store()
    with serving(store) as address, closing(Client(address)) as client:
        print("set:", client.call("set", "color", "red"), client.call("set", "color", ["蓝", None]))
        print("get:", client.call("get", "color"))
        print("get:", client.call("get", "nothing"))
        print("add:", client.call("add", "color", 1))
        print("fly:", client.call("fly"))
        print("noise:", client.send("[1, 2"))
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(count_up, [address] * 8, "abcdefgh", range(3, 11)))
        print("clients that counted well:", outcomes.count((True, True)), "of", len(outcomes))
        print("shared:", client.call("get", "counter.all"), "h:", client.call("get", "counter.h"))
        print("keys:", *client.call("keys", "counter."))
        print("large:", len(client.call("set", "large", "x" * 50_000) or client.call("get", "large")))
    print("commands:", store.commands, "threads left:", threading.active_count())
    with closing(socket.socket()) as late:
        print("afterwards:", "refused" if late.connect_ex(address) else "still open")


main()
