#!/usr/bin/env python
"""The operators' door: every command starts outside all schools and enters one explicitly."""

import sys

from config.env import choose_settings


def main() -> None:
    choose_settings()
    from django.core.management import execute_from_command_line

    from schoolops.context import outside_schools

    with outside_schools():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
