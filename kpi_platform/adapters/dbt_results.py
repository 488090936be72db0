"""Results and progress of dbt's nodes, parsed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kpi_platform.domain.data_tests import DataTest, data_test

NodeStatus = Literal["success", "pass", "warn", "fail", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class NodeResult:
    """How one node ended. `failures` counts a test's failing rows, which `compiled_sql` selects; `model` and
    `test` say what it tests."""

    name: str
    unique_id: str
    kind: str
    status: NodeStatus
    seconds: float
    rows: int | None
    message: str | None
    failures: int
    severity: Literal["warn", "error"]
    model: str
    test: DataTest | None
    compiled_sql: str | None


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """`done` of `total` nodes of the invocation have ended; this one is the last."""

    node: str
    status: str
    seconds: float
    done: int
    total: int


def node_result(result: Any, message: str | None) -> NodeResult:
    """dbt's result of a node, with a `message` that may be shown."""
    node = result.node
    rows = (result.adapter_response or {}).get("rows_affected")
    described = node.to_dict() if node.resource_type == "test" else None
    status = {"no-op": "success", "partial success": "error", "runtime error": "error"}
    return NodeResult(
        name=node.alias if node.resource_type == "model" else node.name,
        unique_id=node.unique_id,
        kind=str(node.resource_type),
        status=status.get(str(result.status), str(result.status)),  # type: ignore[arg-type]
        seconds=result.execution_time,
        rows=rows if isinstance(rows, int) and rows >= 0 else None,
        message=message,
        failures=result.failures or 0,
        severity="warn" if str(node.config.get("severity", "error")).lower() == "warn" else "error",
        model=shown_model(described) if described else node.name,
        test=data_test_of(described) if described else None,
        compiled_sql=getattr(node, "compiled_code", None),
    )


def data_test_of(node: Mapping[str, Any]) -> DataTest:
    """Returns the data test that is this node of a manifest."""
    generic = node.get("test_metadata") or {}
    return data_test(
        node["name"],
        shown_model(node),
        generic=generic.get("name"),
        arguments=generic.get("kwargs"),
        description=node.get("description") or "",
        meta=node["config"].get("meta"),
    )


def shown_model(node: Mapping[str, Any]) -> str:
    """Returns the model that the test is attached to, in dbt or as its `meta` says to Dagster, or the first
    that it reads."""
    shown_at = (node["config"].get("meta") or {}).get("dagster", {}).get("ref", {}).get("name")
    model: str = node.get("attached_node") or shown_at or next(iter(node["depends_on"]["nodes"]), "")
    return model.rpartition(".")[2]


def is_cut_off(result: Any) -> bool:
    """Ephemeral models have results only if an invocation stops at its first failure."""
    node = result.node
    return bool(node.resource_type == "model" and node.is_ephemeral and result.status == "skipped")


def errors_of_operation(say: Callable[[str], None]) -> Callable[[Any], None]:
    """Returns a listener to dbt's events: the result of an operation that failed does not say why."""

    def listen(event: Any) -> None:
        if event.info.name in ("RunningOperationCaughtError", "RunningOperationUncaughtError"):
            say(event.data.exc)

    return listen


def progress_of(on_node: Callable[[BuildProgress], None]) -> Callable[[Any], None]:
    """Returns a listener to dbt's events."""

    def listen(event: Any) -> None:
        if event.info.name not in ("LogModelResult", "LogTestResult"):
            return
        data = event.data
        on_node(
            BuildProgress(
                node=data.node_info.node_name,
                status=data.status.split(" ")[0].lower(),
                seconds=data.execution_time,
                done=data.index,
                total=data.total if event.info.name == "LogModelResult" else data.num_models,
            )
        )

    return listen
