#!/usr/bin/env python3
"""Makes the frozen repository whose state.db has format 3: once, never again.

usage: make_state_v3.py ESKER FOLDER

Runs the program ESKER to make FOLDER/esker (an `.esker` folder by a name that no .gitignore hides): a clone with the
two newest of three commits and with the folder `kept` only, of a remote that is not there any more.
"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile


def main(program, folder):
    with tempfile.TemporaryDirectory() as parent:
        environment = {"HOME": parent, "ESKER_AUTHOR_NAME": "Ada", "ESKER_AUTHOR_EMAIL": "ada@example.org"}

        def esker(where, *args):
            command = [os.path.abspath(program), "-C", os.path.join(parent, where), "--jobs", "1", *args]
            subprocess.run(command, env=environment, check=True, capture_output=True)

        for name in ("main", "main/kept", "main/left"):
            os.mkdir(os.path.join(parent, name))
        esker("main", "init")
        for n in (1, 2, 3):
            for name in ("kept", "left"):
                with open(os.path.join(parent, "main", name, "number"), "w", encoding="utf-8") as out:
                    out.write(f"{name} {n}\n" * 20_000)
            esker("main", "add", ".")
            esker("main", "commit", "-m", f"version {n}", "--date", f"2024-05-0{n}T12:00:00Z")
        esker("main", "remote", "add", "origin", "../shared")
        esker("main", "push")
        esker("", "clone", "--depth", "2", "--sparse", "kept", "shared", "clone")
        source = os.path.join(parent, "clone", ".esker")
        # Folds the log of pages into the database, so that one file holds all of it.
        database = sqlite3.connect(os.path.join(source, "state.db"))
        database.execute("UPDATE reflog SET message = 'clone: from /data/shared'")
        database.commit()
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        # Where the remote lay is of no use elsewhere, and is to say nothing of the machine.
        with open(os.path.join(source, "config.toml"), "w", encoding="utf-8") as out:
            out.write('[remote.origin]\nurl = "/data/shared"\n')
        names = ("cache.db*", "state.db-*", "tmp", "remotes", ".gitignore", "*.lock", "refs.log")
        left_out = shutil.ignore_patterns(*names)
        shutil.copytree(source, os.path.join(folder, "esker"), ignore=left_out, dirs_exist_ok=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
