#!/usr/bin/env python
"""The operators' door: every command starts outside all schools and enters one explicitly."""

import sys

from config.env import choose_settings


def main() -> None:
    choose_settings()
    from django.core.management import BaseCommand, execute_from_command_line

    from schoolops.context import outside_schools

    # They ask of every address, page and form whether it is well made, which takes longer than most commands and has
    # nothing to do with the school they are about. `make check` asks, and so does `manage.py check`.
    BaseCommand.requires_system_checks = ()
    with outside_schools():
        # Still taken of who says so: there is nothing to skip.
        execute_from_command_line([each for each in sys.argv if each != "--skip-checks"])


if __name__ == "__main__":
    main()
