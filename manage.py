#!/usr/bin/env python
"""The operators' door: every command starts outside all schools and enters one explicitly."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    from django.core.management import execute_from_command_line

    from schoolops.context import outside_schools

    with outside_schools():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
