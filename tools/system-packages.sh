#!/usr/bin/env bash
# Install Debian packages that pip cannot bring, where that is possible; say so where it is not.
#
#   tools/system-packages.sh tests     a browser, Chinese fonts and a database server for the tests
#   tools/system-packages.sh python    what `python3 -m venv` needs
#
# A missing package is no error here: whatever needs it says so itself.
set -euo pipefail

case "${1:-tests}" in
  tests)
    wanted=(chromium fonts-noto-cjk postgresql)
    without="Tests that need them skip, with the reason."
    ;;
  python)
    wanted=(python3-venv)
    without="Without it no environment can be made."
    ;;
  *)
    echo "usage: $0 tests|python" >&2
    exit 2
    ;;
esac

installed() {
  dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

note() {
  echo "note: $1" >&2
  echo "      missing: ${missing[*]}. $without" >&2
  exit 0
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  missing=("${wanted[@]}")
  note "this is no Debian system; please install what corresponds."
fi

missing=()
for package in "${wanted[@]}"; do
  installed "$package" || missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    note "run as root to have them installed: apt-get install ${missing[*]}"
  fi
fi

echo "Installing Debian packages: ${missing[*]}"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
install=(env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends)
if ! {
  "${as_root[@]}" apt-get update && "${as_root[@]}" "${install[@]}" "${missing[@]}"
} </dev/null >"$log" 2>&1; then
  tail -n 5 "$log" >&2
  note "apt-get could not install them."
fi
