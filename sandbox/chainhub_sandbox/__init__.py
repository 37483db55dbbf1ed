"""A local gateway for trying, testing and demonstrating; it imports neither the client nor what is generated."""

try:
    from chainhub_sandbox.clock import Clock, RealClock, VirtualClock
    from chainhub_sandbox.errors import InvalidDialect, InvalidFault, PortInUse, SandboxError
    from chainhub_sandbox.faults import Fault
    from chainhub_sandbox.ledger import CreateRecord, PaidTask, PictureRecord, ReceivedRequest
    from chainhub_sandbox.sandbox import Sandbox
    from chainhub_sandbox.serving import serve
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"the sandbox needs {missing.name!r}: pip install 'chainhub-video[sandbox]'",
        name=missing.name,
    ) from missing

__all__ = [
    "Clock",
    "CreateRecord",
    "Fault",
    "InvalidDialect",
    "InvalidFault",
    "PaidTask",
    "PictureRecord",
    "PortInUse",
    "RealClock",
    "ReceivedRequest",
    "Sandbox",
    "SandboxError",
    "VirtualClock",
    "serve",
]
