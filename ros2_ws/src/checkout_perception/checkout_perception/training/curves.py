"""Draw the curves of a training run with OpenCV alone: no plotting package is needed for two lines."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, MARGIN = 900, 320, 60
_INK = (64, 37, 11)  # BGR of the design's ink
_LINE = (159, 92, 0)
_GRID = (232, 217, 201)


def draw_curves(history: Sequence[dict[str, float]]) -> NDArray[np.uint8]:
    """Return a picture, uint8 BGR: the loss above, exact validation baskets below, over steps."""
    loss = [(row['step'], row['loss']) for row in history if 'loss' in row]
    exact = [(row['step'], row['exact']) for row in history if 'exact' in row]
    top = _panel('loss (weighted sum)', loss, ceiling=None)
    bottom = _panel('exact baskets on validation pictures', exact, ceiling=1.0)
    return np.concatenate([top, bottom])


def _panel(title: str, points: Sequence[tuple[float, float]], *, ceiling: float | None) -> NDArray[np.uint8]:
    image = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    cv2.putText(image, title, (MARGIN, 26), cv2.FONT_HERSHEY_SIMPLEX, 0.6, _INK, 1, cv2.LINE_AA)
    if not points:
        cv2.putText(image, 'no value yet', (MARGIN, HEIGHT // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.6, _INK, 1, cv2.LINE_AA)
        return image
    steps, values = np.array(points, float).T
    # The first losses are many times the rest; the scale ends at the 98th percentile so that the rest can be read.
    high = ceiling if ceiling is not None else max(float(np.percentile(values, 98)), 1e-6)
    last = max(float(steps.max()), 1.0)
    for part in range(5):
        y = HEIGHT - MARGIN + 10 - part * (HEIGHT - 2 * MARGIN + 20) // 4
        cv2.line(image, (MARGIN, y), (WIDTH - 20, y), _GRID, 1)
        cv2.putText(image, f'{high * part / 4:.2f}', (6, y + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
        x = MARGIN + part * (WIDTH - MARGIN - 20) // 4
        cv2.putText(
            image, f'{last * part / 4:.0f}', (x - 10, HEIGHT - 20), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA
        )
    xs = MARGIN + steps / last * (WIDTH - MARGIN - 20)
    ys = HEIGHT - MARGIN + 10 - np.clip(values / high, 0, 1) * (HEIGHT - 2 * MARGIN + 20)
    line = np.stack([xs, ys], axis=1).round().astype(np.int32)
    cv2.polylines(image, [line], False, _LINE, 2, cv2.LINE_AA)
    for point in line if len(line) < 60 else line[-1:]:
        cv2.circle(image, (int(point[0]), int(point[1])), 3, _LINE, -1, cv2.LINE_AA)
    return image
