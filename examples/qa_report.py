"""Which of last night's renders should somebody look at first?

    python examples/qa_report.py renders/*.mp4

Prints a line per clip that does not pass, the worst first, and ends with 1 if there are any.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import castcheck
from castcheck.pipeline import load_models


def main(clips: list[str]) -> int:
    """Judge the clips and say which to look at."""
    config = castcheck.Config.from_dict({"run": {"device": "auto"}})
    models = load_models(config)  # once, for all clips
    reports, unreadable = [], []
    for clip in clips:
        try:
            reports.append(castcheck.check(Path(clip), config=config, models=models))
        except castcheck.CastcheckError as err:
            unreadable.append(str(err))
    kinds = Counter(finding.kind for report in reports for finding in report.findings)
    print(f"{len(reports)} clips, {sum(report.passed for report in reports)} pass;", dict(kinds))
    # The worst finding first; then those in which nobody could be judged.
    reports.sort(key=lambda r: [-len(r.at_or_above(one)) for one in ("critical", "major", "minor")])
    for report in reports:
        if report.passed:
            continue
        print(f"{report.verdict.upper():8} {report.clip.path}")
        for finding in report.findings:
            start_s = report.time_s(finding.start_frame)
            print(
                f"         {start_s:7.2f} s  {finding.severity} {finding.kind}: {finding.message}"
            )
    for line in unreadable:
        print(f"BAD      {line}")
    return int(bool(unreadable) or not all(report.passed for report in reports))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
