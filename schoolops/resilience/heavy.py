"""Work of a request that may take over a second: lists of hundreds as a file, pictures drawn anew.

It stands behind one bulkhead, of which a school has a share: one that prints all its lists at once is told when to come
again, and the school beside it notices nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.http import FileResponse, HttpResponseBase

from schoolops.resilience import bulkhead
from schoolops.resilience.bulkhead import Bulkhead

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer", bound=HttpResponseBase)


@functools.cache
def room() -> Bulkhead:
    """The slots for heavy work on this machine."""
    return bulkhead.of_this_machine(
        "heavy",
        number=max(2, bulkhead.processors()),
        folder=settings.METRICS_FOLDER,
        threads=settings.WEB_THREADS,
        processes=settings.WEB_WORKERS,
        shared_out=True,
        held_s=1.0,
    )


@contextmanager
def working() -> Iterator[None]:
    """Heavy work, once there is a place. Raises ``Busy``."""
    with room().admitted(), room().slot():
        yield


def heavy(view: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """A view whose answer is heavy work, to its last byte where it streams. Raises ``Busy``."""

    @functools.wraps(view)
    def inner(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        held = ExitStack()
        try:
            held.enter_context(working())
            response = view(*args, **kwargs)
        except BaseException:
            held.close()
            raise
        closers: list[Any] | None = getattr(response, "_resource_closers", None)
        # A file is made by then; how fast it is fetched is nobody's concern.
        if response.streaming and not isinstance(response, FileResponse) and closers is not None:
            closers.append(held.close)
        else:
            held.close()
        return response

    return inner
