"""QR codes to hand over: what is on the screen, for a telephone's camera."""

import segno


def as_svg(text: str) -> str:
    """Return a QR code as inline SVG, black on white in dark themes too."""
    return segno.make(text, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff")
