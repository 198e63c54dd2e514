"""The tests, and what drives a whole stack: smoke, chaos, attack, observe."""

import os
import sys

# Each run starts programs by the dozen. Where no bytecode is written, each of them compiles all of it anew:
# `manage.py check` takes 6 s of a processor instead of 2.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
