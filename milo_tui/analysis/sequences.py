"""Which items of two lists belong together: the same ones in order, then those that moved, then the most alike."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_EDITS = 300
"""Beyond this many insertions and deletions the order in common is found by the items that are told apart by
their value and its number: exact where values do not repeat, and fast in any case."""
MOST_LIKENESSES = 2_500
"""In a stretch of more pairs than this, items that are not equal are paired by their place."""

Pair = tuple[int, int]
"""A place in the left list and one in the right."""
Likeness = Callable[[int, int], float]
"""How much two items are alike, by their places: above 0 where they may be paired."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The pairs of two lists' items in the left list's order, and how many items each list has.

    `moved` are the left places of pairs that stand in another order; `by_place` where there were too many
    unequal items to find out which are alike.
    """

    pairs: tuple[Pair, ...]
    lefts: int
    rights: int
    moved: frozenset[int] = frozenset()
    by_place: bool = False

    def extras(self) -> dict[int, list[int]]:
        """The places of the right list's lone items, by the left place before which they stand."""
        taken = {j for _, j in self.pairs}
        steady = [pair for pair in self.pairs if pair[0] not in self.moved]
        found: dict[int, list[int]] = defaultdict(list)
        following = 0
        for j in range(self.rights):
            while following < len(steady) and steady[following][1] <= j:
                following += 1
            if j not in taken:
                found[steady[following][0] if following < len(steady) else self.lefts].append(j)
        return found


def aligned(
    left: Sequence[Hashable], right: Sequence[Hashable], likeness: Likeness, *, moves: bool = True
) -> Alignment:
    """Align two lists of keys, where equal keys mean equal items. Without `moves` every pair keeps the order."""
    steady = in_common(left, right)
    moved = equal_elsewhere(left, right, steady) if moves else []
    taken = {i for i, _ in moved}, {j for _, j in moved}
    found, by_place = [*steady, *moved], False
    for (a, c), (b, d) in pairwise([(-1, -1), *steady, (len(left), len(right))]):
        lefts = [i for i in range(a + 1, b) if i not in taken[0]]
        rights = [j for j in range(c + 1, d) if j not in taken[1]]
        by_place = by_place or len(lefts) * len(rights) > MOST_LIKENESSES
        found += paired(lefts, rights, likeness)
    return Alignment(
        tuple(sorted(found)), len(left), len(right), frozenset(i for i, _ in moved), by_place=by_place
    )


def in_common(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[Pair]:
    """A longest common subsequence, as pairs of places; beyond MOST_EDITS perhaps a shorter one."""
    start, end = common_ends(left, right)
    one, other = left[start : len(left) - end], right[start : len(right) - end]
    middle = _by_edits(one, other)
    if middle is None:
        middle = in_order(equal_elsewhere(one, other, ()))
    return [
        *((i, i) for i in range(start)),
        *((start + i, start + j) for i, j in middle),
        *((len(left) - i, len(right) - i) for i in range(end, 0, -1)),
    ]


def common_ends(one: Sequence[object], other: Sequence[object]) -> tuple[int, int]:
    """How much two sequences begin with alike, and how much of the rest they end with alike."""
    shortest = min(len(one), len(other))
    start = next((i for i in range(shortest) if one[i] != other[i]), shortest)
    end = next((i for i in range(shortest - start) if one[-1 - i] != other[-1 - i]), shortest - start)
    return start, end


def _by_edits(left: Sequence[Hashable], right: Sequence[Hashable]) -> list[Pair] | None:
    """The pairs that the fewest edits leave (Myers 1986); None where they are more than MOST_EDITS."""
    furthest = {1: 0}
    steps: list[dict[int, int]] = []
    for edits in range(min(MOST_EDITS, len(left) + len(right)) + 1):
        steps.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            i = _furthest_start(furthest, diagonal, edits)
            while i < len(left) and i - diagonal < len(right) and left[i] == right[i - diagonal]:
                i += 1
            furthest[diagonal] = i
            if i >= len(left) and i - diagonal >= len(right):
                return list(_walked_back(steps, len(left), len(right)))[::-1]
    return None


def _furthest_start(furthest: dict[int, int], diagonal: int, edits: int) -> int:
    """Where a diagonal is entered: by an insertion from the one above, or by a deletion from the one below."""
    inserting = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
    return furthest[diagonal + 1] if inserting else furthest[diagonal - 1] + 1


def _walked_back(steps: list[dict[int, int]], i: int, j: int) -> Iterator[Pair]:
    """The pairs on the way that the edits took, the last one first."""
    for edits in range(len(steps) - 1, -1, -1):
        start = _furthest_start(steps[edits], i - j, edits)
        before = i - j
        while i > start:
            i, j = i - 1, j - 1
            yield i, j
        inserted = edits and start == steps[edits].get(before + 1)
        i, j = (i, j - 1) if inserted else (i - 1, j)


def equal_elsewhere(left: Sequence[Hashable], right: Sequence[Hashable], taken: Sequence[Pair]) -> list[Pair]:
    """The equal items outside the pairs that are taken, the first of a value with the first, and so on."""
    gone = {i for i, _ in taken}, {j for _, j in taken}
    places: dict[Hashable, list[int]] = defaultdict(list)
    for j, key in enumerate(right):
        if j not in gone[1]:
            places[key].append(j)
    seen: Counter[Hashable] = Counter()
    found = []
    for i, key in enumerate(left):
        if i in gone[0] or seen[key] >= len(places.get(key, ())):
            continue
        found.append((i, places[key][seen[key]]))
        seen[key] += 1
    return found


def in_order(pairs: Sequence[Pair]) -> list[Pair]:
    """Of pairs by rising left place the most that rise on the right, too: these keep their order, the rest moved."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int | None] = []
    for number, (_, j) in enumerate(pairs):
        place = bisect_left(tails, j)
        before.append(ends[place - 1] if place else None)
        tails[place : place + 1] = [j]
        ends[place : place + 1] = [number]
    found: list[Pair] = []
    last = ends[-1] if ends else None
    while last is not None:
        found.append(pairs[last])
        last = before[last]
    return found[::-1]


def paired(
    lefts: Sequence[int], rights: Sequence[int], likeness: Likeness, most: int = MOST_LIKENESSES
) -> list[Pair]:
    """Pairs that keep both orders and are alike the most in sum; of too many items the ones at the same place."""
    if not lefts or not rights:
        return []
    if len(lefts) * len(rights) > most:
        return list(zip(lefts, rights, strict=False))
    weights = [[likeness(i, j) for j in rights] for i in lefts]
    best = [[0.0] * (len(rights) + 1) for _ in range(len(lefts) + 1)]
    for a, row in enumerate(weights):
        for b, weight in enumerate(row):
            best[a + 1][b + 1] = max(best[a][b + 1], best[a + 1][b], best[a][b] + weight)
    found = []
    a, b = len(lefts), len(rights)
    while a and b:
        if best[a][b] == best[a - 1][b]:
            a -= 1
        elif best[a][b] == best[a][b - 1]:
            b -= 1
        else:
            a, b = a - 1, b - 1
            found.append((lefts[a], rights[b]))
    return found[::-1]


Places = tuple[int | None, ...]
"""The places of items that belong together, the left list's first; None where a list has none."""


def common_rows(
    alignments: Sequence[Alignment], keys: Sequence[Sequence[Hashable]], *, anywhere: bool = False
) -> list[Places]:
    """A left list and several right ones as common rows, in the left list's order.

    `keys` are those of the right lists: what the left list has not, but several others have, shares a row; where
    it stands `anywhere`, or only at the same place of the left list and in the same order.
    """
    partners = [dict(alignment.pairs) for alignment in alignments]
    extras = [alignment.extras() for alignment in alignments]
    if anywhere:
        extras = _gathered(extras, keys)
    rows: list[Places] = []
    lefts = alignments[0].lefts if alignments else 0
    for i in range(lefts + 1):
        rows += _lone_rows([extra.get(i, []) for extra in extras], keys)
        if i < lefts:
            rows.append((i, *(partner.get(i) for partner in partners)))
    return rows


def _lone_rows(lone: Sequence[Sequence[int]], keys: Sequence[Sequence[Hashable]]) -> list[Places]:
    """Right lists' lone items at one place as rows: equal ones share a row where all lists keep their order."""
    rows: list[tuple[Hashable, dict[int, int]]] = []
    for side, places in enumerate(lone):
        own = [keys[side][j] for j in places]
        merged: list[tuple[Hashable, dict[int, int]]] = []
        begin = (0, 0)
        for row, item in [*in_common([key for key, _ in rows], own), (len(rows), len(own))]:
            merged += rows[begin[0] : row]
            merged += [(own[number], {side: places[number]}) for number in range(begin[1], item)]
            if row < len(rows):
                merged.append((own[item], {**rows[row][1], side: places[item]}))
            begin = row + 1, item + 1
        rows = merged
    return [(None, *(found.get(side) for side in range(len(lone)))) for _, found in rows]


def _gathered(
    extras: Sequence[dict[int, list[int]]], keys: Sequence[Sequence[Hashable]]
) -> list[dict[int, list[int]]]:
    """Lone items put where an equal one of an earlier list stands, the first of a value to the first, and so on."""
    homes: dict[Hashable, list[Pair]] = defaultdict(list)
    count = 0
    gathered = []
    for side, extra in enumerate(extras):
        seen: Counter[Hashable] = Counter()
        found: dict[int, list[Pair]] = defaultdict(list)
        for i, places in sorted(extra.items()):
            for j in places:
                key = keys[side][j]
                if seen[key] == len(homes[key]):
                    homes[key].append((i, count))
                    count += 1
                home, order = homes[key][seen[key]]
                found[home].append((order, j))
                seen[key] += 1
        gathered.append({home: [j for _, j in sorted(lone)] for home, lone in found.items()})
    return gathered
