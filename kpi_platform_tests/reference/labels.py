"""What sys_choice says of states, priorities and escalations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kpi_platform_tests.reference.latest_row import latest_rows, unreadable_flag
from kpi_platform_tests.reference.tables import Table
from kpi_platform_tests.reference.values import choice, leading_digits, text

_TABLES = ("incident", "task")


@dataclass(frozen=True)
class Labels:
    """Labels in lower case by element and code, and codes by element and label."""

    by_code: Mapping[tuple[str, str], str]

    def label(self, element: str, landed: object) -> str | None:
        return self.by_code.get((element, _code(landed) or ""))

    def number(self, element: str) -> Callable[[object], int | None]:
        """ "priority: its leading digits, else the code's"; "leading digits, else a label of sys_choice" """

        def read(landed: object) -> int | None:
            label = self.label(element, landed) if element == "priority" else None
            own = leading_digits(landed)
            if label is not None and leading_digits(label) is not None:
                return leading_digits(label)
            if own is not None:
                return own
            codes = [
                code
                for (of, code), name in self.by_code.items()
                if of == element and name == choice(landed) and leading_digits(code) is not None
            ]
            return min((leading_digits(code) or 0 for code in codes), default=None)

        return read


def read_labels(table: Table | None) -> Labels:
    """ "Rows of name `incident`, else `task`, …; language en or no such column; live." """
    found: dict[tuple[str, str], str] = {}
    rows = latest_rows(table, "sys_id", text).values()
    for name in reversed(_TABLES):
        for row in sorted(rows, key=lambda row: str(row["sys_id"]), reverse=True):
            spoken = table is not None and (not table.has("language") or choice(row["language"]) == "en")
            code, label, element = _code(row["value"]), choice(row["label"]), choice(row["element"])
            if (
                choice(row["name"]) == name
                and spoken
                and not unreadable_flag(row)
                and code
                and label
                and element
            ):
                found[element, code] = label
    return Labels(found)


def _code(landed: object) -> str | None:
    return choice(int(landed) if isinstance(landed, float) and landed.is_integer() else landed)
