"""From a request to the method that answers it: the registry of methods, and the course of a request."""

from sandbox.dispatch.calls import execute
from sandbox.dispatch.context import Context, DataCentre
from sandbox.dispatch.registry import Method, Registry, method_name, registry

__all__ = ["Context", "DataCentre", "Method", "Registry", "execute", "method_name", "registry"]
