"""Gives every request a cache of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from schoolops.cache.local import request_cache

Handler = Callable[[HttpRequest], HttpResponseBase] | Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class RequestCacheMiddleware:
    """Sync and async. What a request has read once it does not read again."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        return self._later(request) if self.is_async else self._now(request)

    def _now(self, request: HttpRequest) -> HttpResponseBase:
        with request_cache():
            return cast(Callable[[HttpRequest], HttpResponseBase], self.get_response)(request)

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        with request_cache():
            return await cast(Callable[[HttpRequest], Awaitable[HttpResponseBase]], self.get_response)(request)
