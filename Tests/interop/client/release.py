"""What the section "Files" of Protocol/README.md says of indexes and objects."""

from dataclasses import dataclass

import difference
from difference import number


class Reader:
    def __init__(self, data: bytes):
        self.data, self.place = data, 0

    def bytes(self, count: int) -> bytes:
        if self.place + count > len(self.data):
            raise ValueError("the data is cut short")
        self.place += count
        return self.data[self.place - count : self.place]

    def number(self) -> int:
        value, self.place = number(self.data, self.place)
        return value

    def signed(self) -> int:
        value = self.number()
        return -(value + 1) // 2 if value % 2 else value // 2

    def numbers(self, count: int) -> list[int]:
        return [self.number() for _ in range(count)]

    def ids(self, count: int, size: int) -> list[bytes]:
        return [self.bytes(size) for _ in range(count)]


@dataclass
class Numbered:
    """An object, with its number in the index and those of its units in the variant."""

    number: int
    units: range
    size: int
    id: bytes
    base: bytes | None


class Index:
    """Chunks in the order of the archive, and for each the objects that yield it."""

    def __init__(self, data: bytes):
        reader = Reader(data)
        if reader.bytes(8) != b"gtachix4":
            raise ValueError("this is no index")
        self.unit_size, count = reader.number(), reader.number()
        digests = reader.ids(count, 32)
        self.chunks = list(zip(digests, reader.numbers(count)))
        self.sizes = dict(self.chunks)
        bases = [(reader.bytes(32), reader.number()) for _ in range(reader.number())]
        different = list(self.sizes)
        full = reader.ids(len(different), 16)
        objects = {chunk: [(size, each, None)] for chunk, each, size in
                        zip(different, full, reader.numbers(len(different)))}
        for base, _ in bases:
            count, which, of = reader.number(), 0, []
            for step in reader.numbers(count):
                which += step
                of.append(different[which])
            for chunk, each, size in zip(of, reader.ids(count, 16), reader.numbers(count)):
                objects[chunk].append((size, each, base))
        self.objects, count, unit = {}, 0, 0
        for chunk, of in objects.items():
            self.objects[chunk] = []
            for size, each, base in of:
                units = range(unit, unit + -(-size // self.unit_size))
                self.objects[chunk].append(Numbered(count, units, size, each, base))
                count, unit = count + 1, units.stop
        if reader.place != len(data):
            raise ValueError("something follows the index")


def decode(data: bytes, size: int, older: bytes | None, chunk_named, unpack) -> tuple[bytes, str]:
    """What an object yields, and how."""
    reader = Reader(data)
    header = reader.bytes(1)[0]
    body, of_chunks, parts = header & 3, header >> 2 & 1, header >> 3
    prefix, end = b"", 0
    for _ in range(parts):
        if of_chunks:
            prefix += chunk_named(reader.bytes(8))
        else:
            start = end + reader.signed() * 256
            end = start + reader.number() * 256
            prefix += older[start:end]
    rest, after = data[reader.place :], (" after chunks" if of_chunks else " after pieces") if parts else ""
    if body == 0:
        return unpack(rest, prefix, size), "frame" + after
    if body == 1:
        return difference.apply(prefix, size, rest, unpack), "difference" + after
    raise ValueError(f"there is no body {body}")
