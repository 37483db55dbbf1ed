"""Leave out, on Windows, what locks files with a module that it lacks."""

import os

POSIX_ONLY = ["test_file.py"]
collect_ignore = POSIX_ONLY if os.name == "nt" else []
