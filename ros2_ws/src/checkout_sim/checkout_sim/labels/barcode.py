"""EAN-13 bars from the digits (GS1 General Specifications, section 5.2)."""

from __future__ import annotations

_L = ('0001101', '0011001', '0010011', '0111101', '0100011', '0110001', '0101111', '0111011', '0110111', '0001011')
_R = tuple(''.join('10'[int(bit)] for bit in code) for code in _L)
_G = tuple(code[::-1] for code in _R)
_PARITY = ('LLLLLL', 'LLGLGG', 'LLGGLG', 'LLGGGL', 'LGLLGG', 'LGGLLG', 'LGGGLL', 'LGLGLG', 'LGLGGL', 'LGGLGL')
MODULES = 95
QUIET_LEFT, QUIET_RIGHT = 11, 7  # modules of white that a scanner needs on either side


def modules(ean13: str) -> str:
    """Return the 95 modules of a bar code as a text of 0 (space) and 1 (bar)."""
    first, left, right = int(ean13[0]), ean13[1:7], ean13[7:]
    halves = [(_L if parity == 'L' else _G)[int(digit)] for parity, digit in zip(_PARITY[first], left, strict=True)]
    return '101' + ''.join(halves) + '01010' + ''.join(_R[int(digit)] for digit in right) + '101'


def read(bits: str) -> str:
    """Return the thirteen digits of 95 modules; raise ValueError when they are no EAN-13."""
    if len(bits) != MODULES or bits[:3] != '101' or bits[45:50] != '01010' or bits[92:] != '101':
        raise ValueError('the guard bars are not where an EAN-13 has them')
    left = [bits[3 + 7 * i : 10 + 7 * i] for i in range(6)]
    right = [bits[50 + 7 * i : 57 + 7 * i] for i in range(6)]
    parity = ''.join('L' if code in _L else 'G' for code in left)
    digits = [(_L if code in _L else _G).index(code) for code in left] + [_R.index(code) for code in right]
    return str(_PARITY.index(parity)) + ''.join(map(str, digits))
