#!/usr/bin/env python3
"""Makes the trees of two releases in DIR/1.0.0 and DIR/1.1.0, the same every time.

Both have a program, which differs in many places from one release to the next, as a program does whose calls have
moved; a second program that is much like the first; and a text that does not change.
"""

import random
import sys
from pathlib import Path

noise = random.Random(7)
program = bytearray(noise.randbytes(300_000))
like_it = program[:150_000] + noise.randbytes(20_000) + program[150_000:]
text = "".join(f"line {i}\n" for i in range(40_000))
for version in "1.0.0", "1.1.0":
    tree = Path(sys.argv[1]) / version
    (tree / "share").mkdir(parents=True)
    (tree / "program").write_bytes(program)
    (tree / "program-like-it").write_bytes(like_it)
    (tree / "share/text").write_text(text)
    for place in range(0, len(program) - 4, 500):
        word = int.from_bytes(program[place : place + 4], "little")
        program[place : place + 4] = (word + 48 & 0xFFFFFFFF).to_bytes(4, "little")
