"""The parsed dbt project: one cache for all processes of a user, and one manifest in each process."""

import copy
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from filelock import FileLock
from platformdirs import user_cache_path

from kpi_platform.adapters.checked_versions import are_checked
from kpi_platform.adapters.destination.protocol import DbtTarget

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

_STAMP = "project.sha256"
_FORMAT = "parsed whole"
"""A part of each stamp: what an earlier version left, parsed in part, is not taken."""
_FILES = ("partial_parse.msgpack", "manifest.json")
_HELD = ("type", "path", "dbname", "database", "project", "schema", "dataset", "attach")
"""Parts of a target's output that the parsed project holds."""

_manifests: dict[str, tuple[str, "Manifest", Mapping[str, Any]]] = {}
"""By kind of target: the stamp of the parsed project, its manifest, and the manifest's nodes as parsed."""


@dataclass(frozen=True)
class ParsedProject:
    """The project of `directory`, parsed for a kind of target. `parse` makes dbt parse it into a folder.

    Not safe for threads of one process by itself; processes take turns.
    """

    directory: Path
    target: DbtTarget
    parse: Callable[[Path], "Manifest"]

    def manifest_file(self) -> Path:
        """Returns the manifest.json. Parses the project if it has changed since."""
        stamp = self._stamp()
        with self._parsing():
            if not self._is_parsed(stamp):
                self._parse(stamp)
        return self._cache / "manifest.json"

    def manifest(self) -> "Manifest":
        """Returns the manifest of this process, with nodes as they were parsed. dbt keeps in them what it
        compiled, ephemeral models included, and would compute the next batch with the customers of the last
        one."""
        manifest, nodes = self.load()
        manifest.nodes = {key: copy.deepcopy(node) for key, node in nodes.items()}
        return manifest

    def load(self) -> tuple["Manifest", Mapping[str, Any]]:
        """Returns the manifest of this process, and its nodes as they were parsed."""
        from kpi_platform.adapters.dbt_patches import compiled_templates

        stamp = self._stamp()
        cached = _manifests.get(self._kind)
        if cached is None or cached[0] != stamp:
            manifest = self._read(stamp)
            cached = _manifests[self._kind] = stamp, manifest, manifest.nodes
            compiled_templates.load(manifest, self._cache)
        return cached[1], cached[2]

    def keep_templates(self) -> None:
        """Leaves the templates that this process has compiled for other processes."""
        from kpi_platform.adapters.dbt_patches import compiled_templates

        compiled_templates.save(self._cache)

    @cached_property
    def _cache(self) -> Path:
        """This user's, not an installation's: the parsed project holds neither data nor secrets."""
        digest = hashlib.sha256(self._kind.encode()).hexdigest()[:12]
        return user_cache_path("kpi_platform") / "dbt" / digest

    @cached_property
    def _kind(self) -> str:
        """Equal for targets whose parsed project is equal: it holds the names of databases and schemas,
        neither their addresses nor who signs in."""
        held = {name: self.target.output.get(name) for name in _HELD}
        return yaml.safe_dump([str(self.directory), held | {"path": Path(held["path"] or "").stem}])

    def _parsing(self) -> FileLock:
        """Held while the parsed project is written; one process at a time, re-entrant."""
        self._cache.mkdir(parents=True, exist_ok=True)
        return FileLock(self._cache / "parse.lock", is_singleton=True)

    def _read(self, stamp: str) -> "Manifest":
        """The manifest from the file that dbt keeps for its next parse: a fifth of the time of parsing. With
        a version of dbt that was not checked, dbt reads that file itself while it parses."""
        from dbt.contracts.graph.manifest import Manifest

        with self._parsing():
            if self._is_parsed(stamp) and are_checked("dbt-core"):
                return Manifest.from_msgpack((self._cache / _FILES[0]).read_bytes())
            return self._parse(stamp)

    def _is_parsed(self, stamp: str) -> bool:
        """Whether the cache holds the project of `stamp`, whole: a file that was torn or overwritten has
        another digest than that which was written with the stamp."""
        try:
            return (self._cache / _STAMP).read_text() == self._stamped(stamp)
        except (OSError, UnicodeDecodeError):
            return False

    def _stamped(self, stamp: str) -> str:
        digests = (hashlib.sha256((self._cache / name).read_bytes()).hexdigest() for name in _FILES)
        return "\n".join((stamp, *digests))

    def _parse(self, stamp: str) -> "Manifest":
        """Leaves the stamp that was taken before: of a project that changes meanwhile, it is an old one."""
        if not self._is_parsed(stamp):
            # dbt would take over what it can of an older or torn parse. It loses what YAML says of a data
            # test that a changed macro makes it read again: its severity, and so whether it stops a load.
            (self._cache / _FILES[0]).unlink(missing_ok=True)
        (self._cache / _STAMP).unlink(missing_ok=True)
        manifest = self.parse(self._cache)
        (self._cache / _STAMP).write_text(self._stamped(stamp))
        return manifest

    def _stamp(self) -> str:
        """Changes with the project, with dbt, and with those parts of the target that a parsed project
        holds."""
        made_of = [_FORMAT, _fingerprint(self.directory), self._kind, version("dbt-core")]
        return hashlib.sha256("\n".join(made_of).encode()).hexdigest()


def _fingerprint(directory: Path) -> str:
    """Changes when a file of the project is added, removed or written."""
    files = (
        path
        for path in sorted(directory.rglob("*"))
        if path.suffix in (".sql", ".yml", ".yaml", ".csv", ".md") and "target" not in path.parts
    )
    digest = hashlib.sha256()
    for path in files:
        stat = path.stat()
        digest.update(f"{path.relative_to(directory)} {stat.st_mtime_ns} {stat.st_size}\n".encode())
    return digest.hexdigest()
