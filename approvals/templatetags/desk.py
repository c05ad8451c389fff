"""What the desk's templates ask for: icons, and text of others made safe to read."""

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from approvals.desk import marks, times
from approvals.desk.icons import PATHS
from intents.payloads import shortened

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Return an icon; with a label it is an image that says it, else it is decoration."""
    said = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="icon" viewBox="0 0 16 16" {}>{}</svg>',
        mark_safe(said),  # noqa: S308 - made by format_html above, or fixed
        mark_safe(PATHS[name]),  # noqa: S308 - our own drawings
    )


@register.simple_tag
def icon_path(name: str) -> SafeString:
    return mark_safe(PATHS[name])  # noqa: S308 - our own drawings


@register.filter
def shown(text: Any) -> SafeString:
    """Escape, and make visible what would be invisible or turn the text round."""
    return marks.shown(str(text))


@register.filter
def moment(at: datetime, now: datetime) -> str:
    return times.moment(at, now=now)


@register.filter
def one_line(text: Any) -> str:
    """Return text for a mail's subject or a window's title: one line, nothing invisible."""
    return marks.bare(str(text))


@register.filter
def plain_text(text: Any) -> str:
    """Return text for a mail's body: its lines stay, what is invisible goes."""
    return "\n".join(marks.bare(line) for line in str(text).splitlines())


@register.filter
def digest(text: str) -> str:
    return shortened(text)
