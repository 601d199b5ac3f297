"""A method's result as the bytes of an rpc_result: https://core.telegram.org/mtproto/service_messages#packed-object"""

from __future__ import annotations

import struct
import zlib

from telethon.extensions import BinaryReader
from telethon.tl import TLObject, TLRequest

from sandbox.dispatch.registry import Result

_TRUE, _FALSE = bytes.fromhex("b5757299"), bytes.fromhex("379779bc")
_VECTOR = 0x1CB5C415
_GZIP_PACKED = 0x3072CFA1
_GZIP_FROM = 2048  # bytes; smaller results are not worth it


def serialized(request_class: type[TLRequest], result: Result) -> bytes:
    """The boxed result."""
    if isinstance(result, bool):
        return _TRUE if result else _FALSE
    if isinstance(result, int):
        return struct.pack("<i", result)
    if isinstance(result, list):
        form = _int_form(request_class) if result and isinstance(result[0], int) else ""
        parts = (struct.pack(form, item) if form else bytes(item) for item in result)
        return struct.pack("<Ii", _VECTOR, len(result)) + b"".join(parts)
    return bytes(result)


def _int_form(request_class: type[TLRequest]) -> str:
    """Whether a method answers Vector<int> or Vector<long>: what Telethon's own reader of it takes."""
    reader = BinaryReader(struct.pack("<Iiq", _VECTOR, 1, 0))
    request_class.read_result(reader)
    return "<q" if reader.tell_position() == 16 else "<i"


def packed(result: bytes) -> bytes:
    """The result, gzipped if that makes it smaller."""
    if len(result) < _GZIP_FROM:
        return result
    zipper = zlib.compressobj(1, wbits=31)
    smaller = zipper.compress(result) + zipper.flush()
    if len(smaller) >= len(result) - 8:
        return result
    return struct.pack("<I", _GZIP_PACKED) + bytes(TLObject.serialize_bytes(smaller))
