#!/usr/bin/env python3
"""Makes the frozen repositories on a shared store, whose state.db has format 4 (the store's own: 1): once, never again.

usage: make_state_v4.py ESKER FOLDER

Runs the program ESKER to make FOLDER/store, and FOLDER/one and FOLDER/two, each the `.esker` folder of a repository on
it. Both have the file `both`, and each has `own`; the first has a further worktree, the second a stash. The notes that
say where they lie name places that are nowhere: what is beside them counts.
"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile


def fold(folder):
    """Folds the log of pages into the database, so that one file holds all of it."""
    database = sqlite3.connect(os.path.join(folder, "state.db"))
    database.execute("VACUUM")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def say_elsewhere(file, parent):
    with open(file, encoding="utf-8") as opened:
        text = opened.read()
    with open(file, "w", encoding="utf-8") as out:
        out.write(text.replace(parent, "/data"))


def main(program, folder):
    with tempfile.TemporaryDirectory() as parent:
        parent = os.path.realpath(parent)
        environment = {"HOME": parent, "ESKER_AUTHOR_NAME": "Ada", "ESKER_AUTHOR_EMAIL": "ada@example.org"}

        def esker(where, *args):
            command = [os.path.abspath(program), "-C", os.path.join(parent, where), "--jobs", "1", *args]
            subprocess.run(command, env=environment, check=True, capture_output=True)

        def write(path, text):
            with open(os.path.join(parent, path), "w", encoding="utf-8") as out:
                out.write(text * 10_000)

        for name in ("one", "two"):
            esker("", "init", "--store", "store", name)
            write(f"{name}/both", "both\n")
            write(f"{name}/own", f"{name}\n")
            esker(name, "add", ".")
            esker(name, "commit", "-m", name, "--date", "2024-05-01T12:00:00Z")
        esker("one", "worktree", "add", os.path.join(parent, "side"))
        write("two/own", "put aside\n")
        esker("two", "stash", "-m", "aside")
        left_out = ("cache.db*", "state.db-*", "tmp", "remotes", ".gitignore", "*.lock")
        for name in ("store", "one", "two"):
            source = os.path.join(parent, name, "" if name == "store" else ".esker")
            fold(source)
            target = os.path.join(folder, name)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(*left_out), dirs_exist_ok=True)
            say_elsewhere(os.path.join(target, "store"), parent)
        for token in os.listdir(os.path.join(folder, "store", "members")):
            say_elsewhere(os.path.join(folder, "store", "members", token), parent)
        # Each line has a checksum of its own; that of a place is left out.
        log = os.path.join(folder, "one", "refs.log")
        with open(log, encoding="utf-8") as opened:
            lines = [line for line in opened if parent not in line]
        with open(log, "w", encoding="utf-8") as out:
            out.writelines(lines)
        database = sqlite3.connect(os.path.join(folder, "one", "state.db"))
        database.execute("UPDATE places SET path = replace(path, ?, '/data')", (parent,))
        database.commit()
        database.close()
        fold(os.path.join(folder, "one"))
        for name in ("one", "two"):
            for end in ("-wal", "-shm"):
                if os.path.exists(os.path.join(folder, name, "state.db" + end)):
                    os.remove(os.path.join(folder, name, "state.db" + end))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
