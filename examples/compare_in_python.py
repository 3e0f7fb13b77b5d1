"""Compare two methods from Python and write the page."""

from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from spikewright.compare import Method, Plan, run_plan
from spikewright.report import render, table

if __name__ == "__main__":
    plan = Plan(
        data=("digits",),
        methods=(
            Method("SurrogateGradient", {"architecture": "50", "epochs": 5}),
            Method("RateConversion", {"architecture": "50", "epochs": 5}),
        ),
        seeds=(0,),
    )
    with TemporaryDirectory() as folder:
        records = run_plan(plan, Path(folder), n_jobs=1)
        Console(width=120).print(table(records))
        page = Path(folder) / "report.html"
        page.write_text(render(records), encoding="utf-8")
        print(f"a page of {len(page.read_text(encoding='utf-8'))} characters")
