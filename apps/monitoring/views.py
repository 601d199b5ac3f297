"""Health: whether the process answers, and whether it can work. Both run on the loop alone (tgadmin/asgi.py)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from apps.monitoring.health import health

UNCACHED = {"Cache-Control": "no-store"}


@require_safe
async def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain", headers=UNCACHED)


@require_safe
async def readyz(request: HttpRequest) -> HttpResponse:
    """200, or 503 with the reasons: database, migrations, channel layer, connections."""
    reasons = await health().reasons()
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200, headers=UNCACHED)
