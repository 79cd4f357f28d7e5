#!/usr/bin/env python3
"""Makes signed metadata of many packages in fleets' homes, and times `gtach resolve` there; resolve.sh says how.

    resolve.py GTACH WORK PACKAGES RELEASES SEEDS

Prints one line of medians over the seeds: packages, releases of each, steps, the most steps, packages in the plan, seconds of `gtach resolve app`, seconds of
`gtach resolve` of a package that needs nothing (reading and verifying the metadata), and the same question asked of
resolvelib, the backtracking resolver of pip: rounds and seconds. Seconds are the processor's, all of them of one thread.
"""

import json
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import time
from datetime import datetime, timezone

import resolvelib
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp

EXPIRES = datetime(2126, 1, 1, tzinfo=timezone.utc)
# Where resolvelib is given up: it keeps every round in memory, 8 GB after some thousand of them.
MAXIMUM_ROUNDS = 500


def releases_of(package, count, seed):
    """Version numbers as projects have them: now and then a breaking change, often a patch. The same for each seed."""
    chance = random.Random(f"versions {package} {seed}")
    version, versions = [0, 1, 0] if chance.random() < 0.3 else [1, 0, 0], []
    for _ in range(count):
        versions.append(tuple(version))
        dice = chance.random()
        if dice < 0.12:
            version = [version[0] + 1, 0, 0]
        elif dice < 0.5:
            version = [version[0], version[1] + 1, 0]
        else:
            version[2] += 1
    return versions


def shelf(packages, count, seed):
    """{name: {version: {name: range}}}: each release needs what was current when it was made; some lag behind."""
    names = [f"p{number}" for number in range(packages)]
    versions = {name: releases_of(name, count, seed) for name in names}
    result = {"app": {}, "alone": {(1, 0, 0): {}}}
    for number, name in enumerate(names):
        chance = random.Random(f"needs {name} {seed}")
        # Later packages are libraries of earlier ones; a few are needed by very many.
        below = packages - number - 1
        needs = {number + 1 + int(below * chance.random() ** 0.5) for _ in range(chance.choice([0, 1, 2, 2, 3, 5]))} if below else set()
        lag = chance.choice([0, 0, 0, 1, 2, 4])
        result[name] = {}
        for position, version in enumerate(versions[name]):
            ranges = {}
            for other in sorted(needs):
                if other >= packages:
                    continue
                now = versions[f"p{other}"][max(0, position - lag)]
                text = ".".join(map(str, now))
                ranges[f"p{other}"] = chance.choice(["^{}", "^{}", "^{}", "~{}", ">={}"]).format(text)
            result[name][version] = ranges
    chance = random.Random(f"app {seed}")
    roots = chance.sample(range(packages), min(20, packages))
    for version in versions["p0"]:
        result["app"][version] = {f"p{number}": ">=0.1.0" for number in roots}
    return result


def accepts(text, version):
    """The three kinds of range that `shelf` writes, as npm reads them."""
    operator, low = text.rstrip("0123456789."), tuple(map(int, text.lstrip("^~>=").split(".")))
    if version < low:
        return False
    if operator == ">=":
        return True
    if operator == "~":
        return version[:2] == low[:2]
    for position, number in enumerate(low):
        if number != 0:
            return version[: position + 1] == low[: position + 1]
    return version == low


def publish(home, releases):
    """Signs all releases with the fleet's keys, as `gtach pack` would have, one after the other."""
    metadata = home / "repository" / "metadata"

    def signer(purpose):
        path = home / "fleet" / "keys" / f"{purpose}.pem"
        return CryptoSigner(load_pem_private_key(path.read_bytes(), None))

    def write(name, signed, key):
        document = Metadata(signed)
        document.sign(key)
        data = document.to_bytes()
        (metadata / name).write_bytes(data)
        return MetaFile.from_data(signed.version, data, ["sha256"])

    roles, keys, meta = {}, {}, {}
    for package, versions in releases.items():
        key = CryptoSigner(Ed25519PrivateKey.generate())
        targets = {}
        for version, needs in versions.items():
            path = f"{package}/{'.'.join(map(str, version))}/any/manifest.json"
            target = TargetFile.from_data(path, path.encode(), ["sha256"])
            if needs:
                target.unrecognized_fields["custom"] = {"dependencies": needs}
            targets[path] = target
        role = DelegatedRole(f"package-{package}", [key.public_key.keyid], 1, True, [f"{package}/*/*/manifest.json"])
        meta[f"{role.name}.json"] = write(f"1.{role.name}.json", Targets(1, expires=EXPIRES, targets=targets), key)
        roles[role.name], keys[key.public_key.keyid] = role, key.public_key
    top = Targets(2, expires=EXPIRES, delegations=Delegations(keys, roles))
    meta["targets.json"] = write("2.targets.json", top, signer("targets"))
    snapshot = write("2.snapshot.json", Snapshot(2, expires=EXPIRES, meta=meta), signer("snapshot"))
    write("timestamp.json", Timestamp(2, expires=EXPIRES, snapshot_meta=snapshot), signer("timestamp"))


class Provider(resolvelib.AbstractProvider):
    """pip's search over the same releases."""

    def __init__(self, releases):
        self.releases = releases

    def identify(self, requirement_or_candidate):
        return requirement_or_candidate[0]

    def get_preference(self, identifier, resolutions, candidates, information, backtrack_causes):
        return sum(1 for _ in candidates[identifier])

    def find_matches(self, identifier, requirements, incompatibilities):
        wanted = [text for _, text in requirements[identifier]]
        bad = {version for _, version in incompatibilities[identifier]}
        return [
            (identifier, version)
            for version in sorted(self.releases.get(identifier, {}), reverse=True)
            if version not in bad and all(accepts(text, version) for text in wanted)
        ]

    def is_satisfied_by(self, requirement, candidate):
        return accepts(requirement[1], candidate[1])

    def get_dependencies(self, candidate):
        return list(self.releases[candidate[0]][candidate[1]].items())


class Rounds(resolvelib.BaseReporter):
    count = 0

    def starting_round(self, index):
        self.count = index + 1


def seconds(command):
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    began = used()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return used() - began, done


def measure(gtach, home, releases):
    """Steps, packages in the plan, seconds of it and of reading; resolvelib's rounds and seconds."""
    subprocess.run([gtach, "--home", home, "init", "--fleet", "bench", "--node", "dev"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    publish(home, releases)
    resolving, done = seconds([gtach, "--home", home, "--json", "resolve", "app"])
    reading, _ = seconds([gtach, "--home", home, "--json", "resolve", "alone"])
    if done.returncode != 0:
        sys.exit(done.stderr.decode())
    plan = json.loads(done.stdout)
    # The plan is one: each requirement of each release in it holds.
    chosen = {step["name"]: tuple(map(int, step["version"].split("."))) for step in plan["steps"]}
    for name, version in chosen.items():
        for other, text in releases[name][version].items():
            assert accepts(text, chosen[other]), f"{name} {version} needs {other}@{text}, and not {chosen[other]}"
    rounds = Rounds()
    began = time.process_time()
    try:
        resolvelib.Resolver(Provider(releases), rounds).resolve([("app", ">=0.0.0")], max_rounds=MAXIMUM_ROUNDS)
        count = rounds.count
    except resolvelib.ResolutionTooDeep:
        count = float("inf")
    except resolvelib.ResolutionImpossible:
        sys.exit("resolvelib finds no plan where gtach found one")
    return sum(plan["effort"].values()), len(chosen), resolving, reading, count, time.process_time() - began


def main(gtach, work, packages, count, seeds):
    results = []
    for seed in range(seeds):
        home = pathlib.Path(work) / f"{packages}x{count}-{seed}"
        results.append(measure(gtach, home, shelf(packages, count, seed)))
    steps, plan, resolving, reading, rounds, theirs = map(statistics.median, zip(*results))
    most = max(result[0] for result in results)
    told = f"{rounds:,.0f}" if rounds <= MAXIMUM_ROUNDS else f"> {MAXIMUM_ROUNDS:,}"
    print(f"{packages:>8,} {count:>8} {steps:>9,.0f} {most:>9,} {plan:>7.0f} {resolving:>9.2f} {reading:>9.2f}"
          f" {told:>9} {theirs:>8.2f}", flush=True)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
