"""Guard a child process of the tests: Python imports this by itself where `PYTHONPATH` leads here."""

import importlib
import os
import sys

if _record := os.environ.get("TESTS_NETWORK_RECORD"):
    sys.path.insert(0, __file__.rpartition("guarded")[0])
    try:
        importlib.import_module("network_guard").install(_record)
    finally:
        del sys.path[0]
