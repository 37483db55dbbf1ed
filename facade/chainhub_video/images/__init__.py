"""The caller's pictures: opened as one kind of thing, and brought to the video's pixels.

May import `errors`, and, where it is used, Pillow.
"""
