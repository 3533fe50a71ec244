"""Graphs as a table of neighbours."""

from collections import deque

Graph = dict[str, list[str]]


def distance(graph: Graph, start: str, goal: str) -> int:
    """The number of steps of a shortest way; -1 where there is none."""
    seen = {start}
    waiting = deque([(start, 0)])
    while waiting:
        place, steps = waiting.popleft()
        if place == goal:
            return steps
        for neighbour in graph.get(place, []):
            if neighbour not in seen:
                seen.add(neighbour)
                waiting.append((neighbour, steps + 1))
    return -1


def reversed_graph(graph: Graph) -> Graph:
    """The same graph with every edge turned around."""
    turned: Graph = {place: [] for place in graph}
    for place, neighbours in graph.items():
        for neighbour in neighbours:
            turned.setdefault(neighbour, []).append(place)
    return turned


def degree(graph: Graph, place: str) -> int:
    """How many edges begin at a place."""
    return len(graph.get(place, []))
