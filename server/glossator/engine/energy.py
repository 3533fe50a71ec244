"""How much energy this machine says it uses: the processor's own counters (RAPL), or the battery. Estimates nothing.

Linux alone tells; the counters are often the administrator's alone, and then there are none. Both count all that runs
meanwhile, the battery the screen too.
"""

from __future__ import annotations

from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
SUPPLIES = Path("/sys/class/power_supply")

Microjoules = tuple[int, ...]


class Counters:
    """The energy counters of the processor packages; `now` and `joules` know nothing where none may be read."""

    def __init__(self, powercap: Path = POWERCAP) -> None:
        found = [zone for zone in sorted(powercap.glob("intel-rapl:*")) if zone.name.count(":") == 1]
        known = [(zone / "energy_uj", _number(zone / "max_energy_range_uj")) for zone in found if _is_package(zone)]
        self._places = [(place, most) for place, most in known if most and _number(place) is not None]

    def now(self) -> Microjoules:
        """Where each counter stands; empty: there are none."""
        read = [_number(place) for place, _ in self._places]
        return tuple(value for value in read if value is not None) if None not in read else ()

    def joules(self, before: Microjoules, after: Microjoules) -> float:
        """What was used between two readings; 0: not known. A counter that began anew is understood once."""
        if len(before) != len(self._places) or len(after) != len(self._places):
            return 0.0
        used = 0
        for (_, most), first, last in zip(self._places, before, after, strict=True):
            used += last - first if last >= first else last + (most or 0) - first
        return max(0, used) / 1e6


def battery_watts(supplies: Path = SUPPLIES) -> float:
    """What the whole machine draws from its batteries now; 0: it does not, or nothing tells. May take a while."""
    watts = 0.0
    for battery in supplies.glob("*"):
        if _text(battery / "type") != "Battery" or _text(battery / "status") != "Discharging":
            continue
        power = _number(battery / "power_now")  # microwatts
        if power is None:
            current, voltage = _number(battery / "current_now"), _number(battery / "voltage_now")
            power = None if current is None or voltage is None else current * voltage // 1_000_000
        watts += abs(power or 0) / 1e6  # some drivers count what leaves a battery as negative
    return watts


def _is_package(zone: Path) -> bool:
    return _text(zone / "name").startswith("package")


def _number(place: Path) -> int | None:
    try:
        return int(_text(place))
    except ValueError:
        return None


def _text(place: Path) -> str:
    try:
        return place.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
