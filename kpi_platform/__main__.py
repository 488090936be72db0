"""`kpi-platform`, also as `python -m kpi_platform`."""

from kpi_platform import process


def main() -> None:
    from kpi_platform.cli.main import app

    process.run(lambda: app(prog_name="kpi-platform"))


if __name__ == "__main__":
    main()
