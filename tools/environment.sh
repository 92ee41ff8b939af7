#!/usr/bin/env bash
# Make a virtual environment at $1 with $PYTHON, or with the first suitable Python that is found.
set -euo pipefail

suits() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null
}

venv="$1"
found=""
for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
  if suits "$candidate"; then
    found="$candidate"
    break
  fi
done
if [ -z "$found" ]; then
  echo "Thalweg needs Python 3.11 to 3.14, and there is none among: ${PYTHON:-python3.11 to python3.14, python3}." >&2
  echo "Install one, or name it: make PYTHON=/path/to/python3 …" >&2
  exit 1
fi
if ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
  bash "$(dirname "${BASH_SOURCE[0]}")/system-packages.sh" python
fi
"$found" -m venv "$venv"
