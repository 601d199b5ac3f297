"""What a number, a text or a moment of Telegram's may be: the ranges that fields of core types name.

A bound clamps where the nearest that fits says little less than the value; elsewhere the value is left out, and what
cannot be told without it is no object at all (tgadmin/core/bounds.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from tgadmin.core.bounds import INT, LONG, Times, Whole, Words

Long = Annotated[int, Whole(-LONG - 1, LONG)]
PeerId = Annotated[int, Whole(-LONG - 1, LONG, nought=False)]
MessageId = Annotated[int, Whole(1, INT)]
Mark = Annotated[int, Whole(0, INT, clamp=True)]
"""A message's id up to which something holds; 0: none."""
Count = Annotated[int, Whole(0, INT, clamp=True)]
ExactCount = Annotated[int, Whole(0, INT)]
"""A count or a number of seconds that is left out if it does not fit: a wrong one is worse than none."""
State = Annotated[int, Whole(-INT - 1, INT, clamp=True)]
"""A pts, qts or seq."""
Moment = Annotated[datetime, Times()]
Name = Annotated[str, Words(255)]
Word = Annotated[str, Words(64)]
Label = Annotated[str, Words(128)]
