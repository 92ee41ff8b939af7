"""The options of ``thalweg prove``: of effects, and of a roll-out that is planned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Names = list[str] | None

Folder = Annotated[Path | None, typer.Argument(help="Folder of the book.")]
Interventions = Annotated[
    Names, typer.Option("--intervention", help="Only this one; repeat for several.")
]
Outcomes = Annotated[
    Names,
    typer.Option("--outcome", help="Only this: flow_h, layer_h:quality, …; repeat."),
]
ObjectType = Annotated[str | None, typer.Option("--type", help="Object type.")]
ProfileFile = Annotated[
    Path | None, typer.Option("--profile", help="Profile file: layers, windows, units.")
]
Unit = Annotated[
    str | None,
    typer.Option("--unit", help="What names the unit: attribute:firm, role:party, …"),
]
Level = Annotated[
    str | None, typer.Option("--level", help="Column of the parties to join units by.")
]
Every = Annotated[
    Literal["month", "week"] | None, typer.Option("--every", help="Length of a period.")
]
RulesFile = Annotated[
    Path | None, typer.Option("--rules", help="File of rules: its breaches are an outcome.")
]
Confidence = Annotated[float, typer.Option("--confidence", help="Of all intervals, such as 0.95.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of all draws by chance.")]
Draws = Annotated[
    int | None, typer.Option("--draws", min=99, help="Permuted roll-outs; default: 999.")
]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="Workers; the result is the same.")
]
Candidates = Annotated[
    bool,
    typer.Option(help="Also look for changes that no intervention explains."),
]
Explain = Annotated[
    str | None,
    typer.Option("--explain", help="All checks of this intervention in plain words."),
]
Truth = Annotated[
    Path | None, typer.Option("--truth", help="Truth file of a demo, to compare with.")
]
Save = Annotated[
    Path | None,
    typer.Option(
        "--save", help="Folder for all tables as Parquet; with --design the assignment's file."
    ),
]
Design = Annotated[
    bool, typer.Option("--design", help="Plan the next roll-out instead: who begins when.")
]
First = Annotated[
    str | None, typer.Option("--first", help="Design: month of the first wave, 2026-01.")
]
Waves = Annotated[int | None, typer.Option("--waves", help="Design: number of waves.")]
UnitsPerWave = Annotated[
    int | None, typer.Option("--units-per-wave", help="Design: units that can begin at once.")
]
EveryMonths = Annotated[
    int, typer.Option("--every-months", help="Design: periods (see --every) between waves.")
]
Wait = Annotated[
    int, typer.Option("--wait", help="Design: periods to record from the last wave on.")
]
Controls = Annotated[
    float, typer.Option("--controls", help="Design: share of units that never begin.")
]
Stratify = Annotated[
    str | None, typer.Option("--stratify", help="Design: traits to balance, with commas.")
]
Cluster = Annotated[
    str | None, typer.Option("--cluster", help="Design: trait whose units begin together.")
]
Exclude = Annotated[
    str | None, typer.Option("--exclude", help="Design: units to leave out, with commas.")
]
Early = Annotated[str | None, typer.Option("--early", help="Design: units that must begin first.")]
Late = Annotated[
    str | None, typer.Option("--late", help="Design: units that may not be in the first wave.")
]
Effect = Annotated[
    str | None, typer.Option("--effect", help="Design: effect that would matter, -10%.")
]
Drawing = Annotated[
    Literal["rerandomised", "balanced", "stratified", "simple"],
    typer.Option("--drawing", help="Design: how dates are drawn."),
]
Picture = Annotated[
    Path | None, typer.Option("--picture", help="Design: draw power and waves, .svg or .png.")
]
Schema = Annotated[bool, typer.Option("--schema", help="Print the JSON schema and end.")]
