"""What the section "Swarming" of Protocol/README.md says, for a dialler that has one peer only."""

import struct
from hashlib import sha256
from itertools import takewhile

from wire import CLAIM, END, FOLLOW, GET_LISTS, GET_UNIT, Failure, number, require, spelled


def unit_digest(unit: bytes) -> bytes:
    return sha256(unit).digest()[:16]


def object_id(digests: list[bytes]) -> bytes:
    return sha256(b"".join(digests)).digest()[:16]


def answered_unit(body: bytes) -> tuple[int, bytes]:
    unit, place = number(body, 0)
    return unit, body[place:]


class Swarm:
    """The units of one index, and what a peer has of them."""

    def __init__(self, session, index, digest: bytes):
        self.session, self.index = session, index
        self.follow, self.claim, self.got = session.start(FOLLOW, digest), None, 0
        session.wait(lambda: self.follow in session.units)

    def has(self, numbered) -> bool:
        return self.session.units[self.follow].issuperset(numbered.units)

    def lists(self, objects: list) -> dict[int, list[bytes]]:
        """The digests of these objects' units, by the objects' numbers; without those that the peer does not have."""
        digests = {each.number: [] for each in objects if len(each.units) == 1}
        longer = sorted((each for each in objects if len(each.units) > 1), key=lambda each: each.number)
        groups = [longer[i : i + 64] for i in range(0, len(longer), 64)]
        answers = self.session.ask(
            (GET_LISTS, struct.pack(">I", self.follow) + b"".join(spelled(each.number) for each in group),
             lambda bodies, group=group: len(bodies) == len(group)) for group in groups)
        for group, answer in zip(groups, answers):
            if isinstance(answer, Failure):
                continue
            for each, body in zip(group, answer):
                named, place = number(body, 0)
                require(named == each.number, "protocol-violation", "the list of another object")
                listed = [body[i : i + 16] for i in range(place, len(body), 16)]
                require(len(listed) == len(each.units) and object_id(listed) == each.id, "protocol-violation",
                        "the list is not the object's")
                digests[each.number] = listed
        return digests

    def lease(self) -> None:
        """Waits for one."""
        if self.claim not in self.session.leases:
            self.claim = self.session.start(CLAIM, struct.pack(">IIB", self.follow, self.got, 0))
            self.session.wait(lambda: self.claim in self.session.leases)

    def objects(self, objects: list) -> dict[bytes, bytes]:
        """The bytes of those that the peer has, by their ids: unit by unit, two asked for at a time."""
        objects = [each for each in objects if self.has(each)]
        lists = self.lists(objects)
        objects = [each for each in objects if each.number in lists]
        of = {unit: each for each in objects for unit in each.units}
        lacking, units = list(of), {}
        while lacking:
            self.lease()
            claim = self.claim
            asked = takewhile(lambda _: claim in self.session.leases, lacking)
            answers = list(self.session.ask(
                ((GET_UNIT, struct.pack(">II", claim, self.got) + spelled(unit), lambda _: True) for unit in asked), 2))
            again = []
            for unit, answer in zip(lacking, answers):
                if not isinstance(answer, Failure):
                    named, piece = answered_unit(answer[0])
                    require(named == unit and self.fits(of[unit], unit, piece, lists), "protocol-violation",
                            "a unit is not the one that was asked for")
                    units[unit] = piece
                    self.got += 1
                elif answer.code == "no-lease":
                    again.append(unit)
                else:
                    require(answer.code == "chunk-missing", answer.code, str(answer))
            lacking = again + lacking[len(answers) :]
        return {each.id: b"".join(units[unit] for unit in each.units)
                for each in objects if all(unit in units for unit in each.units)}

    def fits(self, of, unit: int, piece: bytes, lists: dict[int, list[bytes]]) -> bool:
        place, digest = unit - of.units.start, unit_digest(piece)
        length = min(self.index.unit_size, of.size - place * self.index.unit_size)
        listed = lists[of.number]
        return len(piece) == length and (listed[place] == digest if listed else object_id([digest]) == of.id)

    def end(self) -> None:
        for identifier in (self.claim, self.follow):
            if identifier is not None:
                self.session.send(END, struct.pack(">I", identifier))
