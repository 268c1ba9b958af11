#!/usr/bin/env python
"""Loctelli's command line."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loctelli.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # One sentence that says what to set, instead of a stack trace.
        sys.exit(f"{error}")


if __name__ == "__main__":
    main()
