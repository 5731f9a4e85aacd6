"""Crawls a small web site, which it has in memory, with a few asynchronous workers, timeouts and retries."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

SITE = {
    "/": ["/about", "/products", "/blog", "/missing"],
    "/about": ["/", "/about/team"],
    "/about/team": ["/about"],
    "/products": ["/products/lamp", "/products/chair", "/products/slow"],
    "/products/lamp": ["/products", "/cart"],
    "/products/chair": ["/products", "/cart", "/blog/chairs"],
    "/products/slow": ["/never-reached"],
    "/cart": ["/checkout"],
    "/checkout": [],
    "/blog": ["/blog/chairs", "/blog/flaky"],
    "/blog/chairs": ["/products/chair", "/blog"],
    "/blog/flaky": ["/blog/after-the-flaky-one"],
    "/blog/after-the-flaky-one": ["/"],
    "/never-reached": [],
}
WORKERS = 3
TRIES = 3
PATIENCE_SECONDS = 0.4


class NotFound(Exception):
    """The server has no such page."""


class Server:
    """Answers a few requests at a time, drops the first connections to one page and never serves another."""

    def __init__(self, site, places):
        self.site = site
        self.places = asyncio.Semaphore(places)
        self.requests = Counter()
        self.busy = 0
        self.busiest = 0

    async def get(self, path):
        self.requests[path] += 1
        if path.endswith("/slow"):
            await asyncio.Event().wait()
        async with self.places:
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
            await asyncio.sleep(0.001)
            self.busy -= 1
        if path not in self.site:
            raise NotFound(path)
        if path.endswith("/flaky") and self.requests[path] < TRIES:
            raise ConnectionResetError(path)
        return self.site[path]


@dataclass
class Crawler:
    server: Server
    waiting: asyncio.Queue = field(default_factory=asyncio.Queue)
    seen: set = field(default_factory=set)
    outcomes: dict = field(default_factory=dict)

    def add(self, path):
        if path not in self.seen:
            self.seen.add(path)
            self.waiting.put_nowait(path)

    async def fetch(self, path):
        """The links of a page; asks again when the connection breaks, but not when time runs out."""
        for left in reversed(range(TRIES)):
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    return await self.server.get(path)
            except ConnectionError:
                if not left:
                    raise

    async def work(self):
        """Takes pages from the queue until it is cancelled; returns nothing, notes all outcomes."""
        while True:
            path = await self.waiting.get()
            try:
                links = await self.fetch(path)
                for link in links:
                    self.add(link)
                self.outcomes[path] = f"links: {len(links)}"
            except (NotFound, TimeoutError) as error:
                self.outcomes[path] = type(error).__name__
            finally:
                self.waiting.task_done()

    async def crawl(self, start):
        self.add(start)
        workers = [asyncio.create_task(self.work(), name=f"worker {n}") for n in range(WORKERS)]
        await self.waiting.join()
        for worker in workers:
            worker.cancel()
        return await asyncio.gather(*workers, return_exceptions=True)


async def main():
    server = Server(SITE, places=2)
    crawler = Crawler(server)
    ends = await crawler.crawl("/")
    for path, outcome in sorted(crawler.outcomes.items()):
        print(f"{path:26} {outcome:12} requests: {server.requests[path]}")
    print(f"{len(crawler.outcomes)} pages, {server.requests.total()} requests")
    print("kinds:", sorted(Counter(crawler.outcomes.values()).items()))
    print("workers ended by:", ", ".join(type(end).__name__ for end in ends))
    print("never more than two at a time:", server.busiest <= 2, "and", server.busy, "at the end")
    print("not crawled:", sorted(SITE.keys() - crawler.outcomes.keys()))


asyncio.run(main())
