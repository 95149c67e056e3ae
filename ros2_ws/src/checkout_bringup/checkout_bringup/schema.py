"""Read a mapping of a YAML file key by key, and say exactly what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from checkout_core.errors import CheckoutError

__all__ = ['Section']

_SCALARS = (bool, int, float, str)


class Section:
    """Read one mapping of a file; `finish` reports every key that nobody asked for.

    `name` is the path of the mapping within the file (empty at the top), `where` the name of the file. All methods
    raise CheckoutError with the key and the cure.
    """

    def __init__(self, name: str, raw: object, where: str) -> None:
        self.name = name
        self.where = where
        if raw is None:
            raw = {}
        if not isinstance(raw, Mapping):
            raise CheckoutError(f'{where}: {name or "the file"} must be a mapping of keys to values, not {_show(raw)}.')
        self._raw: dict[str, Any] = {str(key): value for key, value in raw.items()}
        self._asked: set[str] = set()

    def _get(self, key: str) -> Any:
        self._asked.add(key)
        return self._raw.get(key)

    def _key(self, key: str) -> str:
        return f'{self.where}: {self.name}.{key}' if self.name else f'{self.where}: {key}'

    def _bad(self, key: str, wanted: str, raw: object) -> CheckoutError:
        return CheckoutError(f'{self._key(key)} must be {wanted}, not {_show(raw)}.')

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string; without a default the key has to be there."""
        raw = self._get(key)
        if raw is None:
            if default is None:
                raise CheckoutError(f'{self._key(key)} is missing; add it.')
            return default
        if not isinstance(raw, str):
            raise self._bad(key, 'a text', raw)
        return ' '.join(raw.split())

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        raw = self._get(key)
        if raw is None:
            return default
        if not isinstance(raw, bool):
            raise self._bad(key, 'true or false', raw)
        return raw

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """Return one of the allowed words."""
        raw = self.text(key, default)
        if raw not in allowed:
            raise self._bad(key, 'one of ' + ', '.join(allowed), raw)
        return raw

    def scalar(self, key: str) -> bool | int | float | str | None:
        """Return a single value, or None when the key is not there."""
        raw = self._get(key)
        if raw is not None and not isinstance(raw, _SCALARS):
            raise self._bad(key, 'a single value', raw)
        return raw

    def scalars(self, key: str) -> tuple[Any, ...]:
        """Return a list of single values, empty when the key is not there."""
        raw = self._get(key)
        if raw is None:
            return ()
        if not isinstance(raw, list) or not all(isinstance(element, _SCALARS) for element in raw):
            raise self._bad(key, 'a list of single values', raw)
        return tuple(raw)

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; a single text stands for a list of one."""
        raw = self._get(key)
        if isinstance(raw, str):
            return (raw,)
        if raw is None:
            return ()
        if not isinstance(raw, list) or not all(isinstance(element, str) for element in raw):
            raise self._bad(key, 'a list of names', raw)
        return tuple(raw)

    def sections(self, key: str) -> list[Any]:
        """Return a list of mappings, empty when the key is not there."""
        raw = self._get(key)
        if raw is None:
            return []
        if not isinstance(raw, list):
            raise self._bad(key, 'a list of mappings', raw)
        return raw

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a mapping with any values, empty when the key is not there."""
        raw = self._get(key)
        if raw is None:
            return {}
        if not isinstance(raw, Mapping):
            raise self._bad(key, 'a mapping of keys to values', raw)
        return {str(name): value for name, value in raw.items()}

    def values(self, key: str) -> dict[str, Any]:
        """Return a mapping whose values are single values or lists of them."""
        mapping = self.mapping(key)
        for name, value in mapping.items():
            elements = value if isinstance(value, list) else [value]
            if not all(isinstance(element, _SCALARS) for element in elements):
                raise self._bad(f'{key}.{name}', 'a value or a list of values', value)
        return mapping

    def finish(self) -> None:
        """Raise CheckoutError when the mapping holds a key that was not asked for."""
        for key in self._raw:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1)
                cure = f"did you mean '{near[0]}'?" if near else f'known are {", ".join(sorted(self._asked))}.'
                raise CheckoutError(f'{self._key(key)} is unknown; {cure}')


def _show(raw: object) -> str:
    return 'nothing' if raw is None else f"'{raw}'"
