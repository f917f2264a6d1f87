"""The table of report formats: a row is everything castcheck needs to know about one.

A new format is one row here and one file, `castcheck/report/<name>.py`, which turns `ReportInputs`
into text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format of the report.

    Attributes:
        name: For `--format` and `report.formats`.
        filename: What its file is called; fixed, scripts look for it. "" = printed, has no file.
        about: A few words on what it holds.
        target: "module:function", imported on first use so that `castcheck --help` stays fast. It
            takes `ReportInputs` and returns the text of the file.
        is_video: `target` takes `(inputs, path, progress=...)`, writes a video to the path, and
            returns a line for everything it had to leave out.
    """

    name: str
    filename: str
    about: str
    target: str = ""
    is_video: bool = False


_ROWS = (
    Format(
        name="json",
        filename="report.json",
        about="everything, schema castcheck.report/1",
        target="castcheck.report.json_out:render",
    ),
    Format(
        name="html",
        filename="report.html",
        about="one page that needs no network: verdict, timeline, before and after of each finding",
        target="castcheck.report.html:render",
    ),
    Format(
        name="video",
        filename="annotated.mp4",
        about="the clip with boxes, names, cuts and findings drawn on, and its sound",
        target="castcheck.report.video:write",
        is_video=True,
    ),
    Format(
        name="mot",
        filename="tracks.txt",
        about="boxes per character as MOTChallenge text",
        target="castcheck.report.mot:render",
    ),
    Format(
        name="csv",
        filename="findings.csv",
        about="findings for spreadsheets",
        target="castcheck.report.csv_out:render",
    ),
    Format(
        name="junit",
        filename="junit.xml",
        about="findings as test results for build servers; skipped where the clip does not fail",
        target="castcheck.report.junit:render",
    ),
    Format(
        name="otio",
        filename="findings.otio",
        about="findings as markers, for OpenTimelineIO",
        target="castcheck.report.otio:render",
    ),
    Format(
        name="edl",
        filename="findings.edl",
        about="findings as markers, for editing programs",
        target="castcheck.report.edl:render",
    ),
    Format(
        name="md",
        filename="findings.md",
        about="findings as Markdown, for comments",
        target="castcheck.report.markdown:render",
    ),
    Format(
        name="github",
        filename="",
        about="annotations and job summary of a GitHub workflow; printed, no file",
    ),
)
FORMATS: dict[str, Format] = {row.name: row for row in _ROWS}
GITHUB = "github"
