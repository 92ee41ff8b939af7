"""Run the long studies on simulated truths, and write RESULTS-study.md.

python benchmarks/study.py --runs 500
"""

from __future__ import annotations

import argparse
from pathlib import Path

import study_checks
import study_compare
import study_drift
import study_effects
import study_planning
import study_survival
import study_worlds
import thalweg

RESULTS = Path(__file__).resolve().parent / "RESULTS-study.md"
STUDIES = (
    *(study_survival, study_compare, study_drift, study_effects, study_planning, study_checks),
    study_worlds,
)


def page(runs: int, seed: int) -> str:
    lines = [
        "# Studies\n",
        f"Written by `make study` with thalweg {thalweg.__version__}, seed {seed}. With {runs} runs "
        f"a coverage of 0.95 is known to ±{1.96 * (0.95 * 0.05 / runs) ** 0.5:.3f}.\n",
    ]
    for study in STUDIES:
        for line in study.report(runs, seed):
            print(line, flush=True)
            lines.append(line)
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage and false discoveries on known truths.")
    parser.add_argument("--runs", type=int, default=500, help="simulated logs for each line")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    RESULTS.write_text(page(options.runs, options.seed), encoding="utf-8")


if __name__ == "__main__":
    main()
