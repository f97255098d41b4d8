"""Flips a bit in every byte of every pack of a small repository: reader.py must refuse each.

usage: flips.py REPOSITORY
"""
import contextlib
import io
import os
import sys

import zstandard

import reader


def is_refused(repository):
    try:
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            reader.main(repository)
    except (ValueError, OSError, zstandard.ZstdError):
        return True
    return False


def main(repository):
    folder = os.path.join(repository, ".esker/packs")
    if is_refused(repository):
        sys.exit("error: the unharmed repository is refused")
    missed = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            good = file.read()
        for at in range(len(good)):
            bad = bytearray(good)
            bad[at] ^= 1 << at % 8
            with open(path, "wb") as file:
                file.write(bad)
            if not is_refused(repository):
                missed.append(f"{name}: byte {at}")
        with open(path, "wb") as file:
            file.write(good)
    print("\n".join(missed) if missed else "every flip was refused")


if __name__ == "__main__":
    main(sys.argv[1])
