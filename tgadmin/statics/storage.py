"""How static files are kept in STATIC_ROOT: named by a hash of their content, with a gzip and a Brotli form beside.

A file is written beside its place and moved there, and one that is there is not written again, so that a server which
runs meanwhile sends whole files only. What refers to another file refers to its hashed name: CSS, and ES modules'
imports, of which Django's own pattern takes those in JSDoc comments for imports, which may go in circles.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.files.base import ContentFile, File
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

from tgadmin.statics.comments import without_comments

IMPORT = (
    r"""(?m)(?P<matched>(?P<head>(?:^|;)\s*(?:(?:import|export)\b[^;"'`]*?\bfrom|import)\s*)"""
    r"""["'](?P<url>\.{1,2}/[^"']+)["'])"""
)
"""A static import, or an export of another module's names: at the beginning of a line, or after another in a minified
one. Modules that are loaded later (``import()``) are not found: there are none."""


OURS = ("chats/", "common/", "staff/")
"""Where our modules lie. Scripts of others stay as they are, their licences above all."""


def write_whole(path: Path, content: bytes) -> None:
    """A reader of ``path`` sees what was there before or all of ``content``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        scratch.write_bytes(content)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)  # it is gone if all went well


def as_sent(name: str, data: bytes) -> bytes:
    """A file's content as browsers get it."""
    is_ours = name.endswith(".js") and name.startswith(OURS)
    return without_comments(data.decode()).encode() if is_ours else data


class WholeCompressor(Compressor):
    """WhiteNoise's; files that are named by their content are compressed once."""

    def compress(self, path: str) -> list[str]:
        there = [path + suffix for suffix in (".br", ".gz") if Path(path + suffix).exists()]
        return there if len(there) == 2 else list(super().compress(path))

    def write_data(self, path: str, data: bytes, suffix: str, stat_result: os.stat_result) -> str:
        name = path + suffix
        write_whole(Path(name), data)
        os.utime(name, (stat_result.st_atime, stat_result.st_mtime))
        return name


class Storage(CompressedManifestStaticFilesStorage):
    """Hashed and compressed; only so: what has no hash in its name is removed when all is done."""

    patterns = (*HashedFilesMixin.patterns, ("*.js", ((IMPORT, '%(head)s"%(url)s"'),)))
    max_post_process_passes = 20
    """As many modules deep as imports may go."""
    keep_intermediate_files = False
    keep_only_hashed_files = True
    _replaces = False

    def file_hash(self, name: str | None, content: File[Any] | None = None) -> str | None:
        """Of what is sent: the name changes with that."""
        if name is None or content is None:  # of the manifest
            return super().file_hash(name, content)
        content.seek(0)
        data = b"".join(chunk if isinstance(chunk, bytes) else chunk.encode() for chunk in content.chunks())
        return super().file_hash(name, ContentFile(as_sent(name, data)))

    def url(self, name: str | None, force: bool = True) -> str:
        """Hashed also with DEBUG, where Django would give the plain name."""
        return str(super().url(name, force=force))

    def post_process(self, *args: Any, **options: Any) -> Iterator[Any]:
        self._replaces = True
        try:
            yield from super().post_process(*args, **options)
        finally:
            self._replaces = False

    def delete(self, name: str) -> None:
        """Not before something is written in its place: between the two it would be missing."""
        if not self._replaces:
            super().delete(name)

    def _save(self, name: str, content: File[Any]) -> str:
        content.seek(0)
        data = b"".join(chunk if isinstance(chunk, bytes) else chunk.encode() for chunk in content.chunks())
        data = as_sent(name, data)
        path = Path(self.path(name))
        if not path.is_file() or path.read_bytes() != data:
            write_whole(path, data)
        return name

    def create_compressor(self, **options: Any) -> Compressor:
        return WholeCompressor(**options)
