"""The rows of the matrix: each brings its failure about, and says what was seen and the slowest answer in seconds."""

from tests.failures.rows import redis, database, jobs, programs, disks, clocks, standby, releases, history  # noqa: F401, I001 - played in this order
from tests.failures.rows.row import ROWS, Row, unavailable

__all__ = ["ROWS", "Row", "unavailable"]
