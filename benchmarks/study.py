"""Run the long studies on simulated truths, and write RESULTS-study.md.

python benchmarks/study.py --runs 500
python benchmarks/study.py --runs 200 --only effects checks
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import peers_response
import study_checks
import study_compare
import study_drift
import study_effects
import study_planning
import study_response
import study_survival
import study_sustain
import study_verdict
import study_worlds
import thalweg

RESULTS = Path(__file__).resolve().parent / "RESULTS-study.md"
STUDIES = {
    "survival": study_survival,
    "compare": study_compare,
    "drift": study_drift,
    "effects": study_effects,
    "planning": study_planning,
    "checks": study_checks,
    "worlds": study_worlds,
    "response": study_response,
    "peers": peers_response,
    "sustain": study_sustain,
    "verdict": study_verdict,
}
MARK = "<!-- study: {name} -->"
"""Line before each section, by which it is found again."""


def sections(text: str) -> dict[str, str]:
    """The sections of the page that is there, by study."""
    known = {name: text.find(MARK.format(name=name)) for name in STUDIES}
    starts = [*sorted(at for at in known.values() if at >= 0), len(text)]
    return {
        name: text[at : starts[starts.index(at) + 1]].rstrip()
        for name, at in known.items()
        if at >= 0
    }


def section(name: str, runs: int, seed: int) -> str:
    """One study's section, printed as it grows."""
    lines = [MARK.format(name=name)]
    for line in STUDIES[name].report(runs, seed):
        print(line, flush=True)
        lines.append(line)
    return "\n".join(lines).rstrip()


def head() -> str:
    return (
        f"# Studies\n\nWritten by `make study` with thalweg {thalweg.__version__}; each section says "
        "how many runs it rests on. With n runs a coverage of 0.95 is known to ±1.96·√(0.0475/n): "
        "±0.019 with 500, ±0.030 with 200, ±0.043 with 100."
    )


def run(only: Sequence[str], runs: int, seed: int) -> None:
    """Run studies one after the other; each section is kept as soon as it is there."""
    for name in only:
        found = sections(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        found[name] = section(name, runs, seed)
        parts = [found[one] for one in STUDIES if one in found]
        RESULTS.write_text("\n\n".join([head(), *parts]) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage and false discoveries on known truths.")
    parser.add_argument("--runs", type=int, default=500, help="simulated logs for each line")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(STUDIES), default=list(STUDIES))
    options = parser.parse_args()
    run(options.only, options.runs, options.seed)


if __name__ == "__main__":
    main()
