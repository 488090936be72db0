"""The benchmarks: `python -m kpi_platform_tests.bench [NAME …]`, each in a process of its own, in turn.

Every benchmark prints its figures beside those of the alternative, and their ratio.
"""

import subprocess
import sys
from pathlib import Path


def main(names: list[str]) -> int:
    """Runs the named benchmarks, or all. The exit code is that of the first that failed."""
    here = Path(__file__).parent
    known = sorted(file.stem for file in here.glob("[!_]*.py"))
    unknown = set(names) - set(known)
    if unknown:
        sys.stderr.write(f"No benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}.\n")
        return 2
    codes = []
    for name in names or known:
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        codes.append(subprocess.run([sys.executable, "-m", f"{__package__}.{name}"], check=False).returncode)
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
