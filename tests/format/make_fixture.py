#!/usr/bin/env python3
"""Makes the frozen repository of a format version: once a version, never again.

usage: make_fixture.py ESKER FOLDER

Runs the program ESKER to make FOLDER/esker (an `.esker` folder by a name that no .gitignore hides) and
FOLDER/b3sums.txt: for each commit a line `commit ID`, then what b3sum prints of its files. Needs blake3.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from blake3 import blake3

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta")
# About 700 kB that shrink to a tenth.
TEXT = "".join(f"{n // 40};{WORDS[n % 5]};{WORDS[n * n % 7]};the quick brown fox {n % 40}\n" for n in range(16_500))


def noise(length):
    return blake3(length.to_bytes(8, "little")).digest(length=length)


def first():
    """The files of the first commit, by path."""
    files = {"empty": b"", "hello.txt": b"hello\n", "run.sh": b"#!/bin/sh\necho hello\n"}
    files["data/text.csv"] = TEXT.encode()
    files["data/hole.bin"] = noise(20_000) + bytes(2 << 20) + noise(9_000)
    files["data/größe ü.txt"] = b"x"
    files.update({f"many/f{n:03}": str(n).encode() for n in range(270)})
    return files


def change(files):
    """The second commit changes the middle of a file, adds one and removes one."""
    middle = len(TEXT) // 2
    files["data/text.csv"] = (TEXT[:middle] + "some more words\n" + TEXT[middle:]).encode()
    files["data/new.bin"] = noise(25_000)
    del files["many/f200"]


def write(root, files):
    for path, data in files.items():
        file = os.path.join(root, path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "wb") as out:
            out.write(data)
    os.makedirs(os.path.join(root, "folder/empty"), exist_ok=True)
    os.chmod(os.path.join(root, "run.sh"), 0o755)
    if not os.path.lexists(os.path.join(root, "link")):
        os.symlink("data/text.csv", os.path.join(root, "link"))


def main(program, folder):
    with tempfile.TemporaryDirectory() as root:
        environment = {"HOME": root, "ESKER_AUTHOR_NAME": "Ada", "ESKER_AUTHOR_EMAIL": "ada@example.org"}

        def esker(*args):
            command = [os.path.abspath(program), "-C", root, "--jobs", "1", *args]
            return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

        def commit(message, date, files):
            write(root, files)
            esker("add", "-A")
            report = json.loads(esker("commit", "-m", message, "--date", date, "--meta", "source=fixture", "--json"))
            paths = sorted(files, key=lambda path: path.encode().split(b"/"))
            sums = "".join(f"{blake3(files[path]).hexdigest()}  {path}\n" for path in paths)
            return f"commit {report['commit']}\n{sums}"

        files = first()
        esker("init")
        text = commit("first", "2024-05-01T12:00:00+02:00", files)
        change(files)
        os.remove(os.path.join(root, "many/f200"))
        text += commit("second", "2024-05-02T12:00:00Z", files)
        source = os.path.join(root, ".esker")
        # Folds the log of pages into the database, so that one file holds all of it.
        database = sqlite3.connect(os.path.join(source, "state.db"))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        left_out = shutil.ignore_patterns("cache.db*", "state.db-*", "tmp", ".gitignore")
        shutil.copytree(source, os.path.join(folder, "esker"), ignore=left_out)
        with open(os.path.join(folder, "b3sums.txt"), "w", encoding="utf-8") as out:
            out.write(text)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
