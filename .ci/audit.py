"""Known holes in what this project depends on: asks `pip-audit` and `npm audit`, and judges what they report.

usage: python .ci/audit.py

A finding is held against the waivers in SECURITY.md, and without one it is told and the exit code is 1. What could not
be asked is told, too, and fails nothing: whether a service can be reached says nothing about the code. `pip-audit`
alone would say that it knows no vulnerabilities where its service knows none of the packages.
"""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = "requirements.lock"
NPM = ("editors/vscode",)
SECONDS = 300

_WAIVER = re.compile(r"^\| `([\w-]+)` \| `([\w@/.-]+)` \| (\d{4}-\d\d-\d\d) \| (\S.*?) \|$", re.M)
_ADVISORY = re.compile(r"\b(?:GHSA|CVE|PYSEC)-[\w-]+")


@dataclass(frozen=True)
class Finding:
    """A known hole: the package with its version, all names of the hole, and what is told of it in a line."""

    package: str
    names: tuple[str, ...]
    told: str = ""


@dataclass(frozen=True)
class Waiver:
    """Why a finding in a package does not matter here, and until which day this is believed."""

    name: str
    package: str
    until: datetime.date
    why: str


@dataclass(frozen=True)
class Report:
    """What a tool found among `asked` packages; `unasked`: why others, or all of them, could not be asked about."""

    what: str
    asked: int = 0
    findings: tuple[Finding, ...] = ()
    unasked: str = ""


def waivers(text: str) -> tuple[Waiver, ...]:
    """The rows `| finding | package | until | why |` of SECURITY.md. Raises `ValueError` for a day that is none."""
    return tuple(
        Waiver(name, package, datetime.date.fromisoformat(until), why)
        for name, package, until, why in _WAIVER.findall(text)
    )


def of_pip(what: str, said: str) -> Report:
    """What `pip-audit --format json` printed."""
    try:
        rows = [dict(row) for row in json.loads(said)["dependencies"]]
    except (ValueError, KeyError, TypeError):
        return Report(what, unasked="pip-audit had no answer")
    known = [row for row in rows if "vulns" in row]
    findings = [
        Finding(f"{row['name']} {row['version']}", (each["id"], *each.get("aliases", ())), _line(each["description"]))
        for row in known
        for each in row["vulns"]
    ]
    missing = len(rows) - len(known)
    unasked = f"{missing} of {len(rows)} packages, which the service does not know" if missing else ""
    return Report(what, len(known), tuple(findings), unasked)


def of_npm(what: str, said: str) -> Report:
    """What `npm audit --json` printed; a hole that one package has by another counts once, where it is."""
    try:
        report = json.loads(said)
        rows = report["vulnerabilities"]
        asked = report["metadata"]["dependencies"]["total"]
    except (ValueError, KeyError, TypeError):
        return Report(what, unasked=f"npm audit had no answer{_refusal(said)}")
    findings = {
        (each["name"], each["url"]): Finding(
            f"{each['name']} {each.get('range', '')}".strip(),
            tuple(_ADVISORY.findall(each["url"])) or (str(each["source"]),),
            _line(each["title"]),
        )
        for row in rows.values()
        for each in row["via"]
        if isinstance(each, dict)
    }
    return Report(what, asked, tuple(findings.values()))


def judged(reports: Iterable[Report], known: Sequence[Waiver], today: datetime.date) -> tuple[list[str], bool]:
    """Lines for who reads the build, and whether it may go on."""
    lines, good = [], True
    for report in reports:
        said = [f"{report.asked} packages asked about"] if report.asked or not report.unasked else []
        said += [f"NOT ASKED ABOUT: {report.unasked}"] if report.unasked else []
        lines.append(f"audit: {report.what}: {'; '.join(said)}")
        for finding in report.findings:
            waiver = _waiver(finding, known)
            name = f"{finding.package}: {', '.join(finding.names)}"
            if waiver is not None and today <= waiver.until:
                lines.append(f"audit: waived until {waiver.until}: {name}: {waiver.why}")
                continue
            good = False
            late = f" (its waiver ended on {waiver.until})" if waiver is not None else ""
            lines.append(f"audit: OPEN: {name}{late}: {finding.told}")
    if not good:
        lines.append("audit: renew what is open, or say in SECURITY.md why it does not matter here")
    return lines, good


def _waiver(finding: Finding, known: Sequence[Waiver]) -> Waiver | None:
    package = finding.package.partition(" ")[0]
    found = [each for each in known if each.package == package and each.name in finding.names]
    return max(found, key=lambda each: each.until, default=None)


def _refusal(said: str) -> str:
    """The status that a registry refused with, without its address."""
    try:
        message = json.loads(said)["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f" ({_line(str(message).partition(' - ')[0])})"


def _line(text: str) -> str:
    return " ".join(text.split())[:200]


def _said(command: Sequence[str], folder: Path) -> str:
    """What a tool printed; "" where it is not there or has no end."""
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def main() -> int:
    """Ask, judge, tell."""
    pip = [sys.executable, "-m", "pip_audit", "--disable-pip", "--progress-spinner", "off", "-f", "json", "-r", LOCK]
    reports = [of_pip(LOCK, _said(pip, ROOT))]
    npm = ["npm", "audit", "--json", "--package-lock-only"]
    reports += [of_npm(f"{folder}/package-lock.json", _said(npm, ROOT / folder)) for folder in NPM]
    known = waivers((ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    lines, good = judged(reports, known, datetime.datetime.now(datetime.UTC).date())
    print("\n".join(lines))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
