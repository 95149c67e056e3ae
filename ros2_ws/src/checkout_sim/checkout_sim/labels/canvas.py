"""A drawing surface in millimetres: twice supersampled, with shaded shapes and typographic text on top of Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw

from checkout_sim.labels.fonts import font

Colour = tuple[int, int, int]
Point = tuple[float, float]
SUPERSAMPLE = 2
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return the colour between a (share 0) and b (share 1)."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return (red, green, blue)


def lighter(colour: Colour, share: float) -> Colour:
    """Return the colour moved towards white."""
    return mix(colour, WHITE, share)


def darker(colour: Colour, share: float) -> Colour:
    """Return the colour moved towards black."""
    return mix(colour, BLACK, share)


def luminance(colour: Colour) -> float:
    """Return the perceived lightness, 0 to 1 (ITU-R BT.601 weights)."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255.0


def readable(colour: Colour) -> Colour:
    """Return near-black or white, whichever reads better on the colour."""
    return (28, 24, 22) if luminance(colour) > 0.6 else WHITE


class Canvas:
    """Draw on a panel of w x h mm at `ppm` final pixels a millimetre; every coordinate is in mm from the top left."""

    def __init__(self, size_px: tuple[int, int], ppm: float, colour: Colour) -> None:
        """Begin with one colour; `size_px` is the final size."""
        self.scale = ppm * SUPERSAMPLE
        self.image = Image.new('RGB', (size_px[0] * SUPERSAMPLE, size_px[1] * SUPERSAMPLE), colour)
        self.draw = ImageDraw.Draw(self.image, 'RGBA')
        self.w, self.h = self.image.width / self.scale, self.image.height / self.scale

    def finish(self) -> Image.Image:
        """Return the picture at its final size."""
        return self.image.reduce(SUPERSAMPLE)

    # ---- plain shapes -------------------------------------------------------------------------------------------
    def rect(self, box: Sequence[float], fill: Colour, alpha: float = 1.0, radius: float = 0.0) -> None:
        """Fill the rectangle (x0, y0, x1, y1), with round corners if a radius is given."""
        xy = [round(value * self.scale) for value in box]
        xy[2], xy[3] = max(xy[0], xy[2] - 1), max(xy[1], xy[3] - 1)
        if radius > 0:
            self.draw.rounded_rectangle(xy, round(radius * self.scale), fill=_rgba(fill, alpha))
        else:
            self.draw.rectangle(xy, fill=_rgba(fill, alpha))

    def frame(self, box: Sequence[float], colour: Colour, width: float, radius: float = 0.0) -> None:
        """Draw the outline of a rectangle."""
        xy = [round(value * self.scale) for value in box]
        self.draw.rounded_rectangle(xy, round(radius * self.scale), outline=colour, width=self._line(width))

    def ellipse(self, centre: Point, rx: float, ry: float, fill: Colour, alpha: float = 1.0) -> None:
        """Fill an ellipse."""
        x, y = centre
        self.draw.ellipse(
            [(x - rx) * self.scale, (y - ry) * self.scale, (x + rx) * self.scale, (y + ry) * self.scale],
            fill=_rgba(fill, alpha),
        )

    def ring(self, centre: Point, r: float, width: float, colour: Colour, alpha: float = 1.0) -> None:
        """Draw a circle whose outer radius is r."""
        x, y = centre
        box = [(x - r) * self.scale, (y - r) * self.scale, (x + r) * self.scale, (y + r) * self.scale]
        self.draw.ellipse(box, outline=_rgba(colour, alpha), width=self._line(width))

    def polygon(self, points: Sequence[Point], fill: Colour, alpha: float = 1.0) -> None:
        """Fill a polygon."""
        self.draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=_rgba(fill, alpha))

    def line(self, points: Sequence[Point], colour: Colour, width: float, alpha: float = 1.0) -> None:
        """Draw a line of the given width with round joints."""
        scaled = [(x * self.scale, y * self.scale) for x, y in points]
        self.draw.line(scaled, fill=_rgba(colour, alpha), width=self._line(width), joint='curve')

    def _line(self, width: float) -> int:
        return max(1, round(width * self.scale))

    # ---- shaded shapes ------------------------------------------------------------------------------------------
    def gradient(self, box: Sequence[float], top: Colour, bottom: Colour, angle: float = 0.0) -> None:
        """Fill a rectangle with a linear gradient; angle 0 runs downwards, 90 to the right."""
        x0, y0, x1, y1 = (round(value * self.scale) for value in box)
        w, h = max(1, x1 - x0), max(1, y1 - y0)
        small = (min(w, 96), min(h, 96))
        turn = math.radians(angle)
        ramp = Image.new('L', small)
        span = abs(math.sin(turn)) + abs(math.cos(turn))
        ramp.putdata(
            [
                round(
                    255 * (0.5 + ((i / small[0] - 0.5) * math.sin(turn) + (j / small[1] - 0.5) * math.cos(turn)) / span)
                )
                for j in range(small[1])
                for i in range(small[0])
            ]
        )
        tile = Image.composite(Image.new('RGB', small, bottom), Image.new('RGB', small, top), ramp)
        self.image.paste(tile.resize((w, h), Image.Resampling.BILINEAR), (x0, y0))

    def glow(self, centre: Point, rx: float, ry: float, colour: Colour, alpha: float = 1.0) -> None:
        """Add a soft spot that fades to nothing at its rim."""
        w, h = max(2, round(2 * rx * self.scale)), max(2, round(2 * ry * self.scale))
        small = _spot().resize((min(w, 160), min(h, 160)), Image.Resampling.BILINEAR)
        mask = small.point(lambda value: round(value * alpha)).resize((w, h), Image.Resampling.BILINEAR)
        self.image.paste(colour, (round((centre[0] - rx) * self.scale), round((centre[1] - ry) * self.scale)), mask)

    def solid(
        self,
        points: Sequence[Point],
        colour: Colour,
        light: float = 0.45,
        dark: float = 0.35,
        focus: Point = (0.36, 0.3),
    ) -> None:
        """Fill a polygon as a rounded body: light towards `focus` (0..1 of its box), dark towards the rim."""
        xs, ys = [p[0] * self.scale for p in points], [p[1] * self.scale for p in points]
        x0, y0 = math.floor(min(xs)), math.floor(min(ys))
        w, h = math.ceil(max(xs)) - x0 + 1, math.ceil(max(ys)) - y0 + 1
        mask = Image.new('L', (w, h))
        ImageDraw.Draw(mask).polygon([(x - x0, y - y0) for x, y in zip(xs, ys, strict=True)], fill=255)
        self._paste_shaded(mask, (x0, y0), colour, light, dark, focus)

    def ball(
        self,
        centre: Point,
        rx: float,
        ry: float,
        colour: Colour,
        light: float = 0.45,
        dark: float = 0.35,
        focus: Point = (0.36, 0.3),
    ) -> None:
        """Fill an ellipse as a rounded body."""
        x0, y0 = round((centre[0] - rx) * self.scale), round((centre[1] - ry) * self.scale)
        w, h = max(2, round(2 * rx * self.scale)), max(2, round(2 * ry * self.scale))
        mask = Image.new('L', (w, h))
        ImageDraw.Draw(mask).ellipse([0, 0, w - 1, h - 1], fill=255)
        self._paste_shaded(mask, (x0, y0), colour, light, dark, focus)

    def _paste_shaded(
        self, mask: Image.Image, at: tuple[int, int], colour: Colour, light: float, dark: float, focus: Point
    ) -> None:
        w, h = mask.size
        spot = Image.radial_gradient('L').resize((round(w * 1.9) + 1, round(h * 1.9) + 1), Image.Resampling.BILINEAR)
        left, top = round(spot.width / 2 - focus[0] * w), round(spot.height / 2 - focus[1] * h)
        ramp = spot.crop((left, top, left + w, top + h))
        near, far = lighter(colour, light), darker(colour, dark)
        # Three stops: light at the focus, the colour itself half way, dark at the rim.
        bands = [
            ramp.point([round(_three(n, c, f, i / 255)) for i in range(256)])
            for n, c, f in zip(near, colour, far, strict=True)
        ]
        self.image.paste(Image.merge('RGB', bands), at, mask)

    # ---- text ---------------------------------------------------------------------------------------------------
    def text_width(self, text: str, size: float, face: str) -> float:
        """Return the width of a text in mm at a size in mm."""
        reference = font(face, 100)
        return reference.getlength(text) / 100 * size

    def fit(self, text: str, size: float, face: str, max_width: float | None) -> float:
        """Return the size, made smaller where the text would be wider than `max_width`."""
        if max_width is None:
            return size
        width = self.text_width(text, size, face)
        return size if width <= max_width else size * max_width / width

    def text(
        self,
        at: Point,
        text: str,
        size: float,
        colour: Colour,
        face: str = 'square',
        *,
        anchor: str = 'lm',
        max_width: float | None = None,
        outline: Sequence[tuple[float, Colour]] = (),
        heavy: float = 0.0,
    ) -> float:
        """Write a text (Pillow anchors; `outline`: widths as shares of the size, outermost first); return its size."""
        size = self.fit(text, size, face, max_width)
        pixels = max(4, round(size * self.scale))
        letters = font(face, pixels)
        xy = (at[0] * self.scale, at[1] * self.scale)
        for width, tone in outline:
            self.draw.text(
                xy,
                text,
                font=letters,
                fill=tone,
                anchor=anchor,
                stroke_width=max(1, round(width * pixels)),
                stroke_fill=tone,
            )
        stroke = round(heavy * pixels)
        self.draw.text(xy, text, font=letters, fill=colour, anchor=anchor, stroke_width=stroke, stroke_fill=colour)
        return size

    def headline(
        self,
        centre: Point,
        text: str,
        size: float,
        colour: Colour,
        face: str,
        *,
        max_width: float,
        outline: Sequence[tuple[float, Colour]] = (),
        heavy: float = 0.02,
        slant: float = 0.0,
        shade: Colour | None = None,
        shadow: float = 0.0,
        turn: float = 0.0,
        arch: float = 0.0,
    ) -> float:
        """Write a display text around its centre; return its size in mm.

        `shade` is the colour at the foot of the letters, `slant` leans them, `shadow` (share of the size) drops a
        dark copy, `turn` rotates counter-clockwise in degrees, `arch` lifts the middle by a share of the size.
        """
        size = self.fit(text, size, face, max_width / (1 + abs(slant) / max(1, len(text))))
        pixels = max(6, round(size * self.scale))
        letters = font(face, pixels)
        rim = round(max([width for width, _ in outline], default=0.0) * pixels) + round((heavy + shadow) * pixels) + 2
        x0, y0, x1, y1 = letters.getbbox(text)
        pad = rim + round(abs(slant) * (y1 - y0) / 2) + 1
        lift = round(abs(arch) * pixels)
        wide, high = round(x1 - x0) + 2 * pad, round(y1 - y0) + 2 * rim + lift
        origin = (pad - x0, rim - y0 + (lift if arch > 0 else 0))

        def mask(stroke: float) -> Image.Image:
            plate = Image.new('L', (wide, high))
            ImageDraw.Draw(plate).text(
                origin, text, font=letters, fill=255, stroke_width=max(0, round(stroke * pixels)), stroke_fill=255
            )
            if slant:
                plate = plate.transform(
                    plate.size,
                    Image.Transform.AFFINE,
                    (1, slant, -slant * high / 2, 0, 1, 0),
                    Image.Resampling.BILINEAR,
                )
            if arch:
                plate = _arched(plate, lift if arch > 0 else -lift)
            return plate.rotate(turn, Image.Resampling.BILINEAR, expand=True) if turn else plate

        core = mask(heavy)
        at = (round(centre[0] * self.scale - core.width / 2), round(centre[1] * self.scale - core.height / 2))
        if shadow:
            drop = mask(max([width for width, _ in outline], default=0.0)).point(lambda value: value * 110 // 255)
            self.image.paste(BLACK, (at[0] + round(shadow * pixels * 0.7), at[1] + round(shadow * pixels)), drop)
        for width, tone in outline:
            self.image.paste(tone, at, mask(heavy + width))
        if shade is None:
            self.image.paste(colour, at, core)
        else:
            ramp = Image.linear_gradient('L').resize(core.size)
            fill = Image.composite(Image.new('RGB', core.size, shade), Image.new('RGB', core.size, colour), ramp)
            self.image.paste(fill, at, core)
        return size

    def paste(self, picture: Image.Image, at: Point, mask: Image.Image | None = None) -> None:
        """Paste a picture at supersampled size with its top left corner at a point in mm."""
        self.image.paste(picture, (round(at[0] * self.scale), round(at[1] * self.scale)), mask)

    def sub(self, w: float, h: float, colour: Colour) -> Canvas:
        """Return an empty canvas of w x h mm with the same scale."""
        size = (max(1, round(w * self.scale / SUPERSAMPLE)), max(1, round(h * self.scale / SUPERSAMPLE)))
        return Canvas(size, self.scale / SUPERSAMPLE, colour)

    def clip_paste(self, other: Canvas, at: Point, points: Sequence[Point]) -> None:
        """Paste another canvas of the same scale at a point, cut to a polygon in the other's coordinates."""
        mask = Image.new('L', other.image.size)
        ImageDraw.Draw(mask).polygon([(x * self.scale, y * self.scale) for x, y in points], fill=255)
        self.paste(other.image, at, mask)


def ellipse_points(
    centre: Point, rx: float, ry: float, count: int = 48, start: float = 0.0, sweep: float = 360.0
) -> list[Point]:
    """Return points on an ellipse, clockwise on the picture from the right."""
    return [
        (centre[0] + rx * math.cos(math.radians(a)), centre[1] + ry * math.sin(math.radians(a)))
        for a in (start + sweep * i / count for i in range(count + (sweep < 360.0)))
    ]


def turned(points: Sequence[Point], centre: Point, degrees: float) -> list[Point]:
    """Return the points turned clockwise (on the picture) about a centre."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [
        (centre[0] + (x - centre[0]) * c - (y - centre[1]) * s, centre[1] + (x - centre[0]) * s + (y - centre[1]) * c)
        for x, y in points
    ]


def _rgba(colour: Colour, alpha: float) -> tuple[int, int, int, int]:
    return (*colour, round(255 * alpha))


def _three(near: int, middle: int, far: int, t: float) -> float:
    return near + (middle - near) * t * 2 if t < 0.5 else middle + (far - middle) * (t - 0.5) * 2


def _spot() -> Image.Image:
    """Return a round spot, 255 in the middle, smoothly 0 at the inscribed circle (181 in Pillow's gradient)."""
    return Image.radial_gradient('L').point([round(255 * max(0.0, 1 - (i / 180) ** 2) ** 2) for i in range(256)])


def _arched(plate: Image.Image, lift: int) -> Image.Image:
    """Shift columns up towards the middle by `lift` pixels (down for a negative one), in strips too thin to show."""
    out = Image.new('L', plate.size)
    count = 64
    for i in range(count):
        x0, x1 = round(plate.width * i / count), round(plate.width * (i + 1) / count)
        t = (i + 0.5) / count * 2 - 1
        rise = round(abs(lift) * (1 - t * t)) if lift > 0 else round(abs(lift) * t * t)
        out.paste(plate.crop((x0, 0, x1, plate.height)), (x0, -rise))
    return out
