"""Pages and JSON are compressed, except for those that another site has asked for.

What compresses well tells by its length whether two things in it are alike (BREACH): whoever can make a browser ask for
a page with a guess in its address, and sees how long the answer is, could read the page's secrets letter by letter.
Three things stand against that: an answer to a request that another site began (Sec-Fetch-Site, which pages cannot
forge) is not compressed; Django masks the CSRF token differently in each answer; and each answer is longer by a random
number of bytes, up to 100, so that one guess takes thousands of requests.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

from tgadmin.statics.encodings import accepted

TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml")
OWN = ("same-origin", "none", "")
"""Sec-Fetch-Site of our own pages, of an address that somebody typed, and of clients that do not say: over plain HTTP
no browser does, and none that is in use keeps silent over HTTPS."""


class Compression(GZipMiddleware):
    """Django's, for whole answers of text."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        if response.streaming or not response.get("Content-Type", "").startswith(TYPES):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        asked = request.headers
        if asked.get("Sec-Fetch-Site", "") not in OWN or "gzip" not in accepted(asked.get("Accept-Encoding", "")):
            return response
        return super().process_response(request, response)
