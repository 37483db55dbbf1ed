"""Take the documentation's pictures from running programs: a terminal as SVG, a page in a browser as WebP."""
