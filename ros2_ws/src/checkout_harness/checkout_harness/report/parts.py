"""Pieces that the sections of report.html share: sections, tables, and figures in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

__all__ = ['NONE', 'grid', 'milliseconds', 'number', 'rate', 'section', 'table']

NONE = '<span class="muted">not measured</span>'


def section(title: str, hint: str, content: str) -> str:
    """Return a section with its title."""
    text = f'<p class="hint">{escape(hint)}</p>' if hint else ''
    return f'<section><h2>{escape(title)}</h2>{text}{content}</section>'


def rate(figure: Mapping[str, Any] | None, *, short: bool = False) -> str:
    """Return a rate in percent with its interval and counts."""
    if figure is None or figure.get('value') is None:
        return NONE
    text = f'{100 * figure["value"]:.1f} %'
    if short:
        return text
    ends = f'{100 * figure["low"]:.1f}–{100 * figure["high"]:.1f} %'
    return f'{text} <span class="muted">[{ends}], {figure["k"]} of {figure["n"]}</span>'


def number(figure: Mapping[str, Any] | None) -> str:
    """Return an estimate with its interval."""
    if figure is None or figure.get('value') is None:
        return NONE
    ends = '' if figure['low'] is None else f'[{figure["low"]:.3g}–{figure["high"]:.3g}], '
    return f'{figure["value"]:.3g} <span class="muted">{ends}n = {figure["n"]}</span>'


def milliseconds(summary: Mapping[str, Any] | None, key: str) -> str:
    """Return one figure of a summary of latencies."""
    if summary is None or not summary['n']:
        return NONE
    return f'{summary[key]:.1f} ms' if summary[key] < 1000 else f'{summary[key] / 1000:.2f} s'


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Return a table of names and HTML."""
    body = ''.join(f'<tr><td>{escape(name)}</td><td class="n">{value}</td></tr>' for name, value in rows)
    return f'<div class="scroll"><table class="figures"><tbody>{body}</tbody></table></div>'


def grid(texts: Sequence[str], numbers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table: columns of text first, then columns of numbers."""
    head = ''.join(f'<th>{name}</th>' for name in texts) + ''.join(f'<th class="n">{name}</th>' for name in numbers)
    body = ''.join(
        '<tr>'
        + ''.join(f'<td{"" if i < len(texts) else " class=n"}>{cell}</td>' for i, cell in enumerate(row))
        + '</tr>'
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
