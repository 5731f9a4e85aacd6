"""Plans deliveries on a map of roads: shortest routes, cheapest network, heaviest loads, a schedule."""

import heapq
from collections import defaultdict
from itertools import count
from math import inf

ROADS = """
Depot-Mill 7, Depot-Bridge 9, Depot-Market 14, Mill-Bridge 10, Mill-Harbour 15
Bridge-Market 2, Bridge-Harbour 11, Market-Station 9, Harbour-Station 6
Station-Airport 12, Harbour-Airport 17, Market-University 4, University-Station 3
Island-Lighthouse 5
"""
NEEDS = {
    "load": ["pack", "fuel"],
    "pack": ["list"],
    "fuel": [],
    "list": ["orders"],
    "drive": ["load", "brief"],
    "brief": ["list"],
    "orders": [],
    "unload": ["drive"],
}
MINUTES = {"orders": 5, "list": 10, "pack": 30, "fuel": 15, "load": 20, "brief": 8, "drive": 45, "unload": 25}


def read_roads(text):
    graph = defaultdict(dict)
    for road in text.strip().replace("\n", ", ").split(", "):
        ends, length = road.rsplit(" ", 1)
        one, other = ends.split("-")
        graph[one][other] = graph[other][one] = int(length)
    return graph


def shortest(graph, start):
    """Dijkstra's algorithm: the distance of each place that can be reached, and the place before it."""
    distances, before = {}, {}
    heap = [(0, start, None)]
    while heap:
        distance, place, origin = heapq.heappop(heap)
        if place in distances:
            continue
        distances[place], before[place] = distance, origin
        for neighbour, length in graph[place].items():
            if neighbour not in distances:
                heapq.heappush(heap, (distance + length, neighbour, place))
    return distances, before


def route(before, target):
    places = []
    while target:
        places.append(target)
        target = before[target]
    return places[::-1]


def spanning_trees(graph):
    """Prim's algorithm for each part of the map: the cheapest roads that keep it together."""
    unseen = set(graph)
    while unseen:
        heap, tree = [(0, min(unseen), None)], []
        while heap:
            length, place, origin = heapq.heappop(heap)
            if place not in unseen:
                continue
            unseen.remove(place)
            if origin:
                tree.append((length, *sorted((origin, place))))
            for neighbour, further in graph[place].items():
                heapq.heappush(heap, (further, neighbour, place))
        yield sorted(tree)


def widest(graph, start, target):
    """The largest load that gets through, where a road of length n carries n tons."""
    heap, done = [(-inf, start)], set()
    while heap:
        load, place = heapq.heappop(heap)
        if place == target:
            return -load
        if place not in done:
            done.add(place)
            for neighbour, tons in graph[place].items():
                heapq.heappush(heap, (max(load, -tons), neighbour))
    return 0


def schedule(needs, minutes):
    """Starts each task as soon as all that it needs are done; yields starts and ends in the order of time."""
    waiting = {task: len(needed) for task, needed in needs.items()}
    numbers = count()
    running = [(minutes[task], next(numbers), task) for task in needs if not waiting[task]]
    heapq.heapify(running)
    while running:
        now, _, done = heapq.heappop(running)
        yield now - minutes[done], now, done
        for task, needed in needs.items():
            waiting[task] -= done in needed
            if done in needed and not waiting[task]:
                heapq.heappush(running, (now + minutes[task], next(numbers), task))


def main():
    graph = read_roads(ROADS)
    distances, before = shortest(graph, "Depot")
    for place, distance in sorted(distances.items(), key=lambda item: (item[1], item[0])):
        print(f"{distance:3} km  {' > '.join(route(before, place))}")
    print("out of reach:", ", ".join(sorted(graph.keys() - distances.keys())))
    for tree in spanning_trees(graph):
        total = sum(length for length, *_ in tree)
        print(f"{total} km keep {len(tree) + 1} places together, the longest:", *tree[-1])
    for target in ("Airport", "Island"):
        print(f"heaviest load from Depot to {target}:", widest(graph, "Depot", target), "tons")
    for start, end, task in schedule(NEEDS, MINUTES):
        print(f"{start:4} - {end:3}  {task}")


main()
