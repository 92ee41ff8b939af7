"""Positions on a line that keep distances and make weighted lengths as short as can be."""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[int, int, int, int]
"""From, to, the least distance between them, and what each unit of distance costs."""
_MOST_STEPS = 4000


def shortest_positions(n: int, spans: Sequence[Span]) -> list[int]:
    """Whole positions x with x[to] - x[from] >= least that minimise the total cost.

    Takes    spans without cycles that connect all n points.
    Source   Network simplex as in Gansner, Koutsofios, North, Vo (1993), A technique for drawing
             directed graphs. Ends after so many steps at the latest; what it has then keeps all
             distances, too.
    """
    if n == 0:
        return []
    tree = _Tree(n, spans)
    for _ in range(_MOST_STEPS):
        leaving = tree.leaving()
        if leaving is None:
            break
        tree.exchange(leaving)
    lowest = min(tree.x)
    return [x - lowest for x in tree.x]


class _Tree:
    """A spanning tree of tight spans, rooted at point 0, with the cut value of every tree span."""

    def __init__(self, n: int, spans: Sequence[Span]) -> None:
        self.n, self.spans = n, spans
        self.x = _feasible(n, spans)
        self.beside: list[list[int]] = [[] for _ in range(n)]
        for s, (u, v, _, _) in enumerate(spans):
            self.beside[u].append(s)
            self.beside[v].append(s)
        self.members: list[set[int]] = [set() for _ in range(n)]
        self._grow()
        self.parent, self.parent_span = [-1] * n, [-1] * n
        self.low, self.lim = [0] * n, [0] * n
        self.cut = [0] * len(spans)
        order = self._number(0, -1, 0)
        for u in order[:-1]:
            self._set_cut(u)
        self.start = 0

    def slack(self, s: int) -> int:
        u, v, least, _ = self.spans[s]
        return self.x[v] - self.x[u] - least

    def _grow(self) -> None:
        """Grow a tree of tight spans from point 0, moving it by the least slack where it ends."""
        inside = [False] * self.n
        inside[0] = True
        todo, count = [0], 1
        border: dict[int, None] = {}
        while True:
            while todo:
                u = todo.pop()
                for s in self.beside[u]:
                    a, b, _, _ = self.spans[s]
                    other = b if a == u else a
                    if inside[other]:
                        border.pop(s, None)
                    elif self.slack(s):
                        border[s] = None
                    else:
                        inside[other] = True
                        count += 1
                        self.members[u].add(s)
                        self.members[other].add(s)
                        todo.append(other)
            border = {
                s: None
                for s in border
                if not (inside[self.spans[s][0]] and inside[self.spans[s][1]])
            }
            if count == self.n:
                return
            nearest = min(border, key=lambda s: (self.slack(s), s))
            move = self.slack(nearest)
            if inside[self.spans[nearest][1]]:
                move = -move
            for u in range(self.n):
                if inside[u]:
                    self.x[u] += move
            todo = [u for u in self.spans[nearest][:2] if inside[u]]

    def _number(self, root: int, span: int, low: int) -> list[int]:
        """Number a subtree in postorder from ``low``; give its points in that order."""
        order: list[int] = []
        self.parent_span[root] = span
        stack = [(root, iter(sorted(self.members[root])))]
        self.low[root] = low
        while stack:
            u, rest = stack[-1]
            for s in rest:
                if s != self.parent_span[u]:
                    a, b, _, _ = self.spans[s]
                    child = b if a == u else a
                    self.parent[child], self.parent_span[child] = u, s
                    self.low[child] = low
                    stack.append((child, iter(sorted(self.members[child]))))
                    break
            else:
                stack.pop()
                self.lim[u] = low
                low += 1
                order.append(u)
        return order

    def _set_cut(self, u: int) -> None:
        """The cut value of the span between u and its parent, from those of its other spans."""
        own = self.parent_span[u]
        down = self.spans[own][1] == u
        total = 0
        for s in self.beside[u]:
            a, _, _, weight = self.spans[s]
            sign = 1 if (a != u) == down else -1
            if s == own:
                total += weight
            elif s in self.members[u]:
                child_sign = 1 if (self.spans[s][0] == u) == (self.spans[own][1] == u) else -1
                total += child_sign * (self.cut[s] - weight)
            else:
                total += sign * weight
        self.cut[own] = total

    def leaving(self) -> int | None:
        """A tree span whose cut value is below 0, searched from where the last search ended."""
        n = self.n
        for step in range(n):
            u = (self.start + step) % n
            s = self.parent_span[u]
            if s >= 0 and self.cut[s] < 0:
                self.start = u
                return u
        return None

    def exchange(self, u: int) -> None:
        """Replace the span above u by the span of least slack that joins the parts again."""
        leaving, parent = self.parent_span[u], self.parent[u]
        low, lim, numbers = self.low[u], self.lim[u], self.lim
        below_is_head = self.spans[leaving][1] == u
        best, best_slack = -1, -1
        for s, (a, b, least, _) in enumerate(self.spans):
            a_in, b_in = low <= numbers[a] <= lim, low <= numbers[b] <= lim
            if a_in != b_in and a_in == below_is_head:
                slack = self.x[b] - self.x[a] - least
                if best < 0 or slack < best_slack:
                    best, best_slack = s, slack
        if best_slack:
            move = best_slack if below_is_head else -best_slack
            for v in range(self.n):
                if low <= numbers[v] <= lim:
                    self.x[v] += move
        self._swap(leaving, best, (u, parent))

    def _swap(self, leaving: int, entering: int, ends: tuple[int, int]) -> None:
        """Exchange the two spans; only the cut values on the cycle through both change."""
        a, b = self.spans[entering][:2]
        top = a
        first, last = sorted((self.lim[a], self.lim[b]))
        while not (self.low[top] <= first and last <= self.lim[top]):
            top = self.parent[top]
        for s, new in ((leaving, False), (entering, True)):
            for v in self.spans[s][:2]:
                (self.members[v].add if new else self.members[v].discard)(s)
        self.cut[leaving] = 0
        self._number(top, self.parent_span[top], self.low[top])
        for v in ends:
            while v != top:
                self._set_cut(v)
                v = self.parent[v]


def _feasible(n: int, spans: Sequence[Span]) -> list[int]:
    out: list[list[int]] = [[] for _ in range(n)]
    left = [0] * n
    for s, (u, v, _, _) in enumerate(spans):
        out[u].append(s)
        left[v] += 1
    x = [0] * n
    ready = [u for u in range(n) if not left[u]]
    for u in ready:
        for s in out[u]:
            _, v, least, _ = spans[s]
            x[v] = max(x[v], x[u] + least)
            left[v] -= 1
            if not left[v]:
                ready.append(v)
    assert len(ready) == n
    return x
