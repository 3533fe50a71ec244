"""The judgement of what is known of the dependencies: what is open fails, what is waived or cannot be asked is told."""

from __future__ import annotations

import datetime
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
TODAY = datetime.date(2026, 11, 25)


@pytest.fixture(scope="module")
def audit() -> Any:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["audit"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


FOUND = {
    "dependencies": [
        {
            "name": "diskcache",
            "version": "5.6.3",
            "vulns": [
                {
                    "id": "CVE-2025-69872",
                    "fix_versions": [],
                    "aliases": ["GHSA-w8v5-vhqr-4h9v"],
                    "description": "DiskCache has unsafe\npickle deserialization",
                }
            ],
        },
        {"name": "anyio", "version": "4.16.0", "vulns": []},
    ],
    "fixes": [],
}
UNKNOWN = {
    "dependencies": [
        {"name": name, "skip_reason": f"Dependency not found on PyPI and could not be audited: {name} (1.0)"}
        for name in ("anyio", "attrs")
    ],
    "fixes": [],
}
NPM_FOUND = {
    "auditReportVersion": 2,
    "vulnerabilities": {
        "semver": {
            "name": "semver",
            "severity": "high",
            "via": [
                {
                    "source": 1096482,
                    "name": "semver",
                    "dependency": "semver",
                    "title": "semver vulnerable to Regular Expression Denial of Service",
                    "url": "https://example.org/advisories/GHSA-c2qf-rxjj-qqgw",
                    "severity": "high",
                    "range": ">=7.0.0 <7.5.2",
                }
            ],
        },
        "vscode-languageclient": {"name": "vscode-languageclient", "severity": "high", "via": ["semver"]},
    },
    "metadata": {"dependencies": {"prod": 1, "dev": 30, "total": 31}},
}
NPM_REFUSED = {"message": "405 Method Not Allowed - POST https://example.org/advisories/bulk", "statusCode": 405}
WAIVED = "| finding | in | until | why |\n|---|---|---|---|\n| `{}` | `{}` | {} | it is never unpickled |\n"


def told(audit: Any, *reports: Any, security: str = "") -> tuple[str, bool]:
    lines, good = audit.judged(reports, audit.waivers(security), TODAY)
    return "\n".join(lines), good


def test_a_finding_fails(audit: Any) -> None:
    """A hole that nobody waived fails the build, and is named with the package and what it is."""
    text, good = told(audit, audit.of_pip("lock", json.dumps(FOUND)))
    assert not good
    assert "OPEN: diskcache 5.6.3: CVE-2025-69872, GHSA-w8v5-vhqr-4h9v: DiskCache has unsafe pickle" in text
    assert "2 packages asked about" in text and "NOT" not in text


@pytest.mark.parametrize("name", ["CVE-2025-69872", "GHSA-w8v5-vhqr-4h9v"])
def test_a_waiver(audit: Any, name: str) -> None:
    """A hole is waived by any of its names, in its own package, until a day; the reason is told."""
    report = audit.of_pip("lock", json.dumps(FOUND))
    text, good = told(audit, report, security=WAIVED.format(name, "diskcache", "2026-11-25"))
    assert good and "waived until 2026-11-25: diskcache 5.6.3" in text and "never unpickled" in text
    for other in (("anyio", "2027-01-01"), ("diskcache", "2026-11-24")):
        text, good = told(audit, report, security=WAIVED.format(name, *other))
        assert not good
    assert "its waiver ended on 2026-11-24" in text


def test_packages_that_a_service_does_not_know(audit: Any) -> None:
    """Packages that were skipped are not taken for good ones, and fail nothing."""
    text, good = told(audit, audit.of_pip("lock", json.dumps(UNKNOWN)))
    assert good and text == "audit: lock: NOT ASKED ABOUT: 2 of 2 packages, which the service does not know"
    both = {"dependencies": FOUND["dependencies"] + UNKNOWN["dependencies"]}
    text, good = told(audit, audit.of_pip("lock", json.dumps(both)))
    assert not good and "2 packages asked about; NOT ASKED ABOUT: 2 of 4" in text


@pytest.mark.parametrize(
    "said", ["", "Traceback (most recent call last)", "{}", "[]", "null", '{"dependencies": null}']
)
def test_no_answer(audit: Any, said: str) -> None:
    """A tool that is missing, ends early or says something else is told of, and fails nothing."""
    text, good = told(audit, audit.of_pip("lock", said), audit.of_npm("package-lock.json", said))
    assert good and text.count("NOT ASKED ABOUT") == 2


def test_npm(audit: Any) -> None:
    """A hole counts once, in the package that has it; a registry that refuses is told with its status alone."""
    report = audit.of_npm("package-lock.json", json.dumps(NPM_FOUND))
    text, good = told(audit, report)
    assert not good and text.count("OPEN") == 1 and "semver >=7.0.0 <7.5.2: GHSA-c2qf-rxjj-qqgw" in text
    assert told(audit, report, security=WAIVED.format("GHSA-c2qf-rxjj-qqgw", "semver", "2027-01-01"))[1]
    text, good = told(audit, audit.of_npm("package-lock.json", json.dumps(NPM_REFUSED)))
    assert good and text.endswith("NOT ASKED ABOUT: npm audit had no answer (405 Method Not Allowed)")


def test_the_waivers_of_this_project(audit: Any) -> None:
    """Each row of the table in SECURITY.md is read, and what it is about is in use."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    table = text.partition("| finding | in | until | why |")[2].partition("\n\n")[0]
    found = audit.waivers(text)
    assert len(found) == len(table.strip().splitlines()) - 1 > 0
    used = (ROOT / "requirements.lock").read_text() + (ROOT / "editors/vscode/package-lock.json").read_text()
    assert all(f"{each.package}==" in used or f'"node_modules/{each.package}"' in used for each in found)
