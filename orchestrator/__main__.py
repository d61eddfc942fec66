"""Runs the command line: ``python -m orchestrator`` is the command ``orchestrator``."""

from orchestrator.cli.main import cli


def main() -> None:
    """Run the command that was given, and exit with its code."""
    cli(prog_name="orchestrator")


if __name__ == "__main__":
    main()
