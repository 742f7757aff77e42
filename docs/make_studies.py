"""Write the tables and charts of docs/studies from their records, NAME.csv.

python docs/make_studies.py              # from the records that are there
python docs/make_studies.py NAME DIR     # first takes those of the folder that `neuraljet study NAME --out DIR` made
"""

import shutil
import sys
from pathlib import Path

from neuraljet.studying.figures import svg
from neuraljet.studying.pages import with_tables
from neuraljet.studying.rows import from_csv
from neuraljet.studying.study import load_study
from neuraljet.studying.tables import markdown

PLACE = Path(__file__).resolve().parent / "studies"


def make(name: str) -> None:
    """Write page and chart of a study from its records."""
    study, page = load_study(name), PLACE / f"{name}.md"
    rows = from_csv((PLACE / f"{name}.csv").read_text(encoding="utf-8"), f"{name}.csv")
    page.write_text(with_tables(page.read_text(encoding="utf-8"), markdown(study, rows), page.name), encoding="utf-8")
    drawn = svg(study, rows)
    if drawn is not None:
        (PLACE / f"{name}.svg").write_text(drawn, encoding="utf-8")


def main() -> None:
    if len(sys.argv) == 3:
        shutil.copyfile(Path(sys.argv[2]) / "records.csv", PLACE / f"{sys.argv[1]}.csv")
    for path in sorted(PLACE.glob("*.csv")):
        make(path.stem)


if __name__ == "__main__":
    main()
