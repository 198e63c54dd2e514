"""``{% kept name=value … %}``: a part of a page that is made once for each of the values it is made of.

Inside it nothing else can be seen: no request, no user, no variable that is not named. So what one reader's page says
cannot stand on another's, unless both name the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.template.loader_tags import BlockNode
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language

from apps.office.shell.addresses import address_of

register = template.Library()
# ``{{ "office:student"|address:row.id }}``: ``url`` for many rows of one kind.
register.filter("address", address_of)
# Some kilobytes each: readers of one school and role share theirs.
LARGEST = 512


def _fixed(value: Any) -> Hashable:
    """``value`` as something that can be looked up, equal where it writes the same."""
    if isinstance(value, dict):
        return tuple((name, _fixed(each)) for name, each in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_fixed, value))
    return value if value is None or isinstance(value, bool) else (type(value) is SafeString, str(value))


class Kept(Node):
    """What stands between ``kept`` and ``endkept``."""

    def __init__(self, named: dict[str, FilterExpression], nodelist: NodeList) -> None:
        self.named, self.nodelist = named, nodelist
        self._made: OrderedDict[Hashable, SafeString] = OrderedDict()

    def render(self, context: Context) -> SafeString:
        seen = {name: value.resolve(context) for name, value in self.named.items()}
        # Addresses differ by whose pages these are, the office's or the operators'; moments by the campus's clock.
        site = getattr(getattr(context, "request", None), "current_app", None)
        key = (get_language(), get_current_timezone_name(), site, *map(_fixed, seen.values()))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self.nodelist.render(context.new(seen))
            while len(self._made) > LARGEST:
                self._made.popitem(last=False)
        return found


@register.tag
def kept(parser: Parser, token: Token) -> Kept:
    """The part of a page up to ``endkept``."""
    words = token.split_contents()[1:]
    named = token_kwargs(words, parser)
    if words:
        raise template.TemplateSyntaxError("kept takes name=value only: what it is made of.")
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    if nodelist.get_nodes_by_type(BlockNode):
        raise template.TemplateSyntaxError("A block inside kept would be the same on every page.")
    return Kept(named, nodelist)
