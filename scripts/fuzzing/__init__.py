"""Throws what no sane gateway sends, and no sane caller passes, at everything that reads foreign material."""
