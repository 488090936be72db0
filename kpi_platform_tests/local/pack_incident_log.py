"""Packs the UCI incident log into `incidents.parquet`: one row for each incident, with its events as lists.

    python -m kpi_platform_tests.local.pack_incident_log incident_event_log.csv.zip

Texts that are coded in the log ("Location 143", "3 - Moderate") become their numbers (-1: unknown);
times become minutes since 2016-01-01. See ATTRIBUTION.md.
"""

import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kpi_platform.local.samples.incident_log import LOG_EPOCH, PACKED

STATES = {
    "New": 1, "Active": 2, "-100": 2, "Awaiting User Info": 3, "Awaiting Vendor": 3, "Awaiting Problem": 3,
    "Awaiting Evidence": 3, "Resolved": 6, "Closed": 7,
}  # fmt: skip
_CODED = ("location", "category", "subcategory", "caller_id", "opened_by", "cmdb_ci", "problem_id", "rfc",
          "resolved_by", "closed_code", "assigned_to", "assignment_group", "impact", "urgency")  # fmt: skip
_EVENT_NUMBERS = {"reassignment_count": np.int16, "reopen_count": np.int8, "sys_mod_count": np.int16}


def pack(log: Path, target: Path = PACKED) -> None:
    """Writes `target` from the zipped CSV of the log."""
    with zipfile.ZipFile(log) as archive, archive.open(archive.namelist()[0]) as member:
        events = pd.read_csv(member, dtype=str, na_values="?", keep_default_na=False)
    for column in ("opened_at", "resolved_at", "closed_at", "sys_updated_at"):
        moments = pd.to_datetime(events[column], format="%d/%m/%Y %H:%M")
        minutes = (moments - pd.Timestamp(LOG_EPOCH)).dt.total_seconds() / 60
        events[column] = minutes.fillna(-1).astype(np.int32)
    for column in (*_CODED, "priority"):
        events[column] = events[column].str.extract(r"(\d+)", expand=False).fillna("-1").astype(np.int32)
    for column, width in _EVENT_NUMBERS.items():
        events[column] = events[column].astype(width)
    events["incident_number"] = events["number"].str.slice(3).astype(np.int32)
    events["state"] = events["incident_state"].map(STATES).astype(np.int8)
    events["made_sla"] = events["made_sla"] == "true"
    events["self_service"] = events["contact_type"] != "Phone"
    events = events.sort_values(["incident_number", "sys_updated_at", "sys_mod_count"], kind="stable")

    finals = events.groupby("incident_number", sort=True).tail(1)
    offsets = pa.array(np.r_[0, np.cumsum(events.groupby("incident_number", sort=True).size())], pa.int32())
    columns = {
        name: pa.array(finals[name])
        for name in ("incident_number", "opened_at", "resolved_at", "closed_at", *_CODED, "self_service")
    }
    histories = {"event_at": "sys_updated_at"} | {
        f"event_{name}": name for name in ("state", "made_sla", "priority", *_EVENT_NUMBERS)
    }
    for target_name, name in histories.items():
        values = events[name].astype(np.int8) if name == "priority" else events[name]
        columns[target_name] = pa.ListArray.from_arrays(offsets, pa.array(values))
    pq.write_table(pa.table(columns), target, compression="zstd", compression_level=19)


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
