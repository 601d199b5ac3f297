"""Formatted text that staff write: made sound before it goes to Telegram, and kept where an edit did not touch it.

A span (``Entity``) is what Telegram calls a message entity: offset and length in UTF-16 code units
(https://core.telegram.org/api/entities). ``text`` cleans a text and moves its spans along, ``spans`` says which there
may be and how they nest, ``carrying`` brings the spans of a text over to its edited form, ``stored`` writes and reads
them as JSON. All of it is pure.
"""

from tgadmin.core.formatting.carrying import carried
from tgadmin.core.formatting.spans import FOUND, MAX_SPANS_SENT, MAX_URL, SENT, same_formatting
from tgadmin.core.formatting.spoilers import covered
from tgadmin.core.formatting.stored import as_json, from_json
from tgadmin.core.formatting.text import tidy, utf16_length

__all__ = [
    "FOUND",
    "MAX_SPANS_SENT",
    "MAX_URL",
    "SENT",
    "as_json",
    "carried",
    "covered",
    "from_json",
    "same_formatting",
    "tidy",
    "utf16_length",
]
