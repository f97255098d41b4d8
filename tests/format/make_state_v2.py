#!/usr/bin/env python3
"""Makes the frozen repository whose state.db has format 2: once, never again.

usage: make_state_v2.py ESKER FOLDER

Runs the program ESKER to make FOLDER/esker (an `.esker` folder by a name that no .gitignore hides): three
commits, of which the second was forgotten and collected, and a further worktree on branch `side`.
"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile


def main(program, folder):
    with tempfile.TemporaryDirectory() as parent:
        root = os.path.join(parent, "main")
        environment = {"HOME": parent, "ESKER_AUTHOR_NAME": "Ada", "ESKER_AUTHOR_EMAIL": "ada@example.org"}

        def esker(*args):
            command = [os.path.abspath(program), "-C", root, "--jobs", "1", *args]
            subprocess.run(command, env=environment, check=True, capture_output=True)

        os.mkdir(root)
        esker("init")
        for n in (1, 2, 3):
            with open(os.path.join(root, "number"), "w", encoding="utf-8") as out:
                out.write(f"version {n}\n" * 100)
            esker("add", ".")
            esker("commit", "-m", f"version {n}", "--date", f"2024-05-0{n}T12:00:00Z")
            if n == 1:
                esker("tag", "kept")
        esker("worktree", "add", os.path.join(parent, "side"))
        esker("forget", "--keep-last", "1")
        esker("gc", "--grace", "0", "--reflog", "0")
        source = os.path.join(root, ".esker")
        # Folds the log of pages into the database, so that one file holds all of it.
        database = sqlite3.connect(os.path.join(source, "state.db"))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # Where the worktree lies is of no use elsewhere, and is to say nothing of the machine.
        database.execute("UPDATE places SET path = '/data/side'")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        left_out = shutil.ignore_patterns("cache.db*", "state.db-*", "tmp", ".gitignore", "*.lock", "refs.log")
        shutil.copytree(source, os.path.join(folder, "esker"), ignore=left_out, dirs_exist_ok=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
