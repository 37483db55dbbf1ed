"""Let no test here make a connection, unless it is marked for that."""

from tests.support.no_connection import no_connection, no_environment

__all__ = ["no_connection", "no_environment"]
