#!/bin/sh
# Installs esker: the program, completions for bash, zsh, fish and PowerShell, and man pages.
# From a checkout of the sources it builds first; from a release archive it checks the sum and unpacks.
# Safe to repeat. Uses no network but what cargo needs to build.
set -eu

usage() {
  cat <<'END'
usage: ./install.sh [--prefix DIR] [--from ARCHIVE | --binary FILE] [--static-completions]
       ./install.sh [--prefix DIR] --uninstall

  --prefix DIR     where to install; /usr/local for root, otherwise ~/.local
  --from ARCHIVE   a release archive; ARCHIVE.sha256 lies beside it
  --binary FILE    a program that is already built
  --static-completions
                   completions that never start the program, and so know no branches, tags and paths of a version
  --uninstall      remove what was installed there, and nothing else
END
}

fail() {
  printf 'error: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

# The folder of this script, which holds the completions.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
prefix=
archive=
binary=
uninstall=no
completions=completions
while [ $# -gt 0 ]; do
  case $1 in
    --prefix | --from | --binary)
      [ $# -ge 2 ] || fail "$1 needs a value" "./install.sh --help"
      case $1 in
        --prefix) prefix=$2 ;;
        --from) archive=$2 ;;
        --binary) binary=$2 ;;
      esac
      shift 2
      ;;
    --uninstall) uninstall=yes; shift ;;
    --static-completions) completions=completions/static; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
if [ -z "$prefix" ]; then
  if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=${HOME:?}/.local; fi
fi
case $prefix in
  /*) ;;
  *) prefix=$(pwd)/$prefix ;;
esac

# Each line is a file or, with a slash at its end, a folder that was made; relative to the prefix.
list=share/esker/installed

# Removes what an earlier run installed: its files, and the folders it made where nothing else is in them.
remove_installed() {
  [ -f "$prefix/$list" ] || return 0
  while IFS= read -r path; do
    case $path in
      /* | *..*) fail "'$prefix/$list' was not written by this script" ;;
      */) ;;
      *) rm -f -- "$prefix/$path" ;;
    esac
  done <"$prefix/$list"
  folders=$(grep '/$' "$prefix/$list" | sort -r)
  rm -f -- "$prefix/$list"
  printf '%s\n' "$folders" | while IFS= read -r path; do
    [ -z "$path" ] || rmdir -- "$prefix/$path" 2>/dev/null || true
  done
  rmdir -- "$prefix" 2>/dev/null || true
}

if [ "$uninstall" = yes ]; then
  [ -f "$prefix/$list" ] || fail "esker is not installed in $prefix" "name the folder: --prefix DIR"
  remove_installed
  echo "esker was removed from $prefix"
  exit 0
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

sum_of() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1"
  elif command -v shasum >/dev/null; then
    shasum -a 256 "$1"
  else
    fail "neither sha256sum nor shasum is there to check the archive"
  fi | cut -d ' ' -f 1
}

files=$here
if [ -n "$archive" ]; then
  [ -f "$archive" ] || fail "there is no archive '$archive'"
  [ -f "$archive.sha256" ] || fail "there is no '$archive.sha256' to check the archive with"
  expected=$(cut -d ' ' -f 1 "$archive.sha256")
  found=$(sum_of "$archive")
  [ "$found" = "$expected" ] || fail "$archive is not what was released: its sum is $found, not $expected" "fetch it again"
  tar -xzf "$archive" -C "$scratch"
  files=$(find "$scratch" -mindepth 1 -maxdepth 1 -type d)
  binary=$files/esker
elif [ -z "$binary" ] && [ -f "$here/esker" ]; then
  binary=$here/esker
elif [ -z "$binary" ]; then
  command -v cargo >/dev/null || fail "cargo is not there to build esker" "install Rust, or use a release archive: --from ARCHIVE"
  (cd "$here" && cargo build --release --locked)
  binary=${CARGO_TARGET_DIR:-$here/target}/release/esker
fi
[ -x "$binary" ] || fail "'$binary' is no program"
version=$("$binary" --version) || fail "'$binary' does not run on this machine"
"$binary" generate man "$scratch/man"

# The files of an older version go first, so that none stays behind; but not before all is at hand.
remove_installed
made=$scratch/installed
: >"$made"

# folder PATH: makes it, and notes each folder that was not there.
folder() {
  [ ! -d "$prefix/$1" ] || return 0
  case $1 in
    */*) folder "${1%/*}" ;;
  esac
  mkdir -p -- "$prefix/$1"
  printf '%s/\n' "$1" >>"$made"
}

# put FILE PATH MODE: copies beside its place, then renames, so that a program that runs is not disturbed.
put() {
  folder "${2%/*}"
  cp -- "$1" "$prefix/$2.new"
  chmod "$3" "$prefix/$2.new"
  mv -f -- "$prefix/$2.new" "$prefix/$2"
  printf '%s\n' "$2" >>"$made"
}

put "$binary" bin/esker 755
put "$files/$completions/esker.bash" share/bash-completion/completions/esker 644
put "$files/$completions/_esker" share/zsh/site-functions/_esker 644
put "$files/$completions/esker.fish" share/fish/vendor_completions.d/esker.fish 644
# PowerShell looks nowhere by itself: its profile names the file.
put "$files/$completions/esker.ps1" share/esker/esker.ps1 644
for page in "$scratch"/man/*.1; do
  put "$page" "share/man/man1/${page##*/}" 644
done
folder share/esker
put "$made" "$list" 644

echo "$version was installed in $prefix"
case :$PATH: in
  *":$prefix/bin:"*) ;;
  *) echo "hint: put it on your PATH: export PATH=\"$prefix/bin:\$PATH\"" ;;
esac
