"""Guard a child process of the tests: Python imports this by itself where `PYTHONPATH` leads here."""

import os
import sys

if _record := os.environ.get("TESTS_NETWORK_RECORD"):
    sys.path.insert(0, __file__.rpartition("guarded")[0])
    try:
        import network_guard
    finally:
        del sys.path[0]
    network_guard.install(_record)
