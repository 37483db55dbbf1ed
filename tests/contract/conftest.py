"""Let no test here make a connection, unless it is marked for that."""

from tests.support.drivers import colour
from tests.support.no_connection import no_connection, no_environment

__all__ = ["colour", "no_connection", "no_environment"]
