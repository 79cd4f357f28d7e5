"""Decodes a difference, after the section "Differences" of Protocol/README.md and nothing else."""

from collections import defaultdict


def number(data: bytes, place: int) -> tuple[int, int]:
    """A number of an index or of an object's header, and the place behind it."""
    value = 0
    for count in range(5):
        byte = data[place + count]
        value |= (byte & 127) << 7 * count
        if byte < 128:
            if count and not byte:
                raise ValueError("a number is not spelled as short as it can be")
            return value, place + count + 1
    raise ValueError("a number is longer than five bytes")


def powers() -> list[int]:
    e = [1 << 32]
    for _ in range(2800):
        e.append(e[-1] * 4311777323 >> 32)
    return e


UPPER = [min(65535, e // (e // 65536 + 65536)) for e in powers()]
SQUASH = [65536 - upper for upper in UPPER[:0:-1]] + UPPER  # of x at x + 2,800
STRETCH = [next((x - 2800 for x in range(5601) if SQUASH[x] >= 16 * q + 8), 2800) for q in range(4096)]


class Bits:
    """The arithmetic code."""

    def __init__(self, code: bytes):
        if not code or not code[-1]:
            raise ValueError("the code ends with a byte that is 0")
        self.code, self.place, self.range = code, 8, 2**64 - 1
        self.value = int.from_bytes(code[:8].ljust(8, b"\0"), "big")
        self.states = defaultdict(lambda: [2048, 0])

    def bit(self, p: int) -> int:
        bound = (self.range >> 16) * p
        if self.value < bound:
            self.range, bit = bound, 1
        else:
            self.range, self.value, bit = self.range - bound, self.value - bound, 0
        if self.range < 1 << 32:
            self.range <<= 32
            more = self.code[self.place : self.place + 4].ljust(4, b"\0")
            self.value = self.value << 32 | int.from_bytes(more, "big")
            self.place += 4
        return bit

    def known(self, *name) -> int:
        """A bit with a state of that name."""
        state = self.states[name]
        bit = self.bit(16 * state[0])
        learn(state, bit, 15)
        return bit

    def bits(self, count: int, *name) -> int:
        """Bits, the highest first, each with a state for the bits before it."""
        value = 1
        for _ in range(count):
            value = value * 2 + self.known(*name, value)
        return value - (1 << count)

    def number(self, name: str) -> int:
        length = 0
        while length < 24 and self.known(name, length):
            length += 1
        value = 1 << min(length, 3) | self.bits(min(length, 3), name, "after", length)
        for _ in range(length - 3):
            value = value * 2 + self.bit(32768)
        return value - 1


def learn(state: list[int], bit: int, limit: int) -> None:
    q, c = state
    q += ((4096 * bit - q) * (131072 // (2 * c + 3)) + 32768) >> 16
    state[0], state[1] = min(max(q, 1), 4095), min(c + 1, limit)


def hashed(key: int, bits: int) -> int:
    return (key * 2654435761 & 0xFFFFFFFF) >> 32 - bits


class Changes:
    """What changes in copied bytes."""

    def __init__(self, old: bytes, bits: Bits, surprises: bytes):
        self.old = b"\0\0" + old + b"\0\0\0\0"  # [n] is at n + 2
        self.bits, self.surprises, self.surprise_place = bits, surprises, 0
        self.quiet = self.next_surprise()
        self.states = [defaultdict(lambda: [20, 0]) for _ in range(4)]
        self.weights = [[18000] * 4 for _ in range(6)]
        self.began, self.e1, self.e2 = -100_000, 0, 0
        self.tables, self.recent = [[0] * 4096, [0] * 4096], [0, 0, 0]

    def next_surprise(self) -> int:
        if self.surprise_place == len(self.surprises):
            return -1  # no more
        value, self.surprise_place = number(self.surprises, self.surprise_place)
        return value

    def changes(self, p: int, n: int, near: int) -> bool:
        old, e = self.old, n - self.began
        r = (e == self.e1) + 2 * (e == self.e2)
        word = int.from_bytes(old[p + 2 : p + 6], "little")
        names = (old[p + 1] << 8 | old[p], old[p + 5] << 8 | old[p + 4], hashed(word >> 12, 14),
                 r << 11 | near << 8 | old[p + 1])
        states = [table[name] for table, name in zip(self.states, names)]
        if states[0][0] < 300 and states[1][0] < 300 and near >= 2 and not r:
            self.quiet -= 1
            if self.quiet != -1:
                return False
            self.quiet, bit = self.next_surprise(), 1
        else:
            weights = self.weights[near if near < 2 else r + 2]
            stretched = [STRETCH[state[0]] for state in states]
            x = sum(w * s for w, s in zip(weights, stretched)) >> 16
            chance = SQUASH[min(max(x, -2800), 2800) + 2800]
            bit = self.bits.bit(chance)
            for i, s in enumerate(stretched):
                weights[i] += (s * (65536 * bit - chance) + 8192) >> 14
        for state in states:
            learn(state, bit, 5)
        if bit:
            self.e2, self.e1, self.began = self.e1, e, n
        return bit == 1

    def change(self, p: int, left: int) -> bytes:
        bits, recent = self.bits, self.recent
        width, word = min(4, left), int.from_bytes(self.old[p + 2 : p + 6], "little")
        places = hashed((p + word & 0xFFFFFFFF) >> 12, 12), hashed(word >> 12, 12)
        candidates = [self.tables[0][places[0]], self.tables[1][places[1]], *recent]
        a, b, c = candidates[:3]
        for i, d in enumerate(candidates):
            if d & 255 and d not in candidates[:i] and bits.known("candidate", i, a == b, a == c, b == c):
                break
        else:
            kind = bits.bits(2, "kind")
            data = bytes(bits.bits(8, "byte", kind, place) for place in range(kind % 3 + 1))
            d = int.from_bytes(data, "big", signed=kind < 3) & 0xFFFFFFFF
            i, width = -1, 1 if kind == 3 else width
        if i >= 0 or width > 1:
            self.tables[0][places[0]] = self.tables[1][places[1]] = d
        if d != recent[0]:
            recent[:] = [d, recent[0], recent[2] if d == recent[1] else recent[1]]
        return (word + d & 0xFFFFFFFF).to_bytes(4, "little")[:width]


def apply(old: bytes, size: int, difference: bytes, unpack) -> bytes:
    """The newer bytes, `size` of them; `unpack(frame, prefix, size)` decodes a bare frame."""
    new_count, place = number(difference, 0)
    frame_length = 0
    if new_count:
        frame_length, place = number(difference, place)
    surprises_length, place = number(difference, place)
    new = unpack(difference[place : place + frame_length], old, new_count) if new_count else b""
    place += frame_length
    bits = Bits(difference[place + surprises_length :])
    changes = Changes(old, bits, difference[place : place + surprises_length])
    result, taken, behind = bytearray(), 0, 0
    while len(result) < size:
        shift = bits.number("shift")
        behind += -shift if shift and bits.known("below zero") else shift
        copied, added = bits.number("copied"), bits.number("added")
        start = len(result) + behind
        if not copied + added or copied and (start < 0 or start + copied > len(old)):
            raise ValueError("a stretch is empty, or copies what is not there")
        end, since = len(result) + copied, -4
        if end + added > size or taken + added > new_count:
            raise ValueError("a stretch is longer than what it makes, or has")
        while (n := len(result)) < end:
            p = n + behind
            if changes.changes(p, n, min(4, n - since)):
                result += changes.change(p, end - n)
                since = len(result)
            else:
                result.append(old[p])
        result += new[taken : taken + added]
        taken += added
    if taken != new_count or changes.quiet >= 0 or bits.place - len(bits.code) < 4:
        raise ValueError("something is left over")
    return bytes(result)
