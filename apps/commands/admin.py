"""Gateways in the admin, and what the background tasks could not do."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.decorators import display

from apps.commands import selectors
from apps.commands.models import Node
from apps.common.admin.base import SuperuserAdmin
from apps.common.admin.display import badge, moment
from apps.common.admin.names import app_named, named


@admin.register(Node)
class NodeAdmin(SuperuserAdmin):
    empty = "No gateway has ever run here. Start one with manage.py gateway, or with bin/run."
    list_display = ("name", "host", "pid", "version", "held", "capacity", "started", "heartbeat")
    search_fields = ("name", "host")
    ordering = ("name",)
    fields = ("id", *list_display)
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(held_count=Count("leases"))

    @display(description="Accounts held", ordering="held_count")
    def held(self, node: Node) -> int:
        return int(getattr(node, "held_count", 0))

    @display(description="Started", ordering="started_at")
    def started(self, node: Node) -> SafeString | str:
        return moment(node.started_at)

    @display(description="Last heartbeat", ordering="beat_at")
    def heartbeat(self, node: Node) -> SafeString:
        alive = timezone.now() - node.beat_at < selectors.HEARTBEAT_WITHIN
        look = ("bad", "error", "silent")
        if alive:
            look = ("warn", "logout", "stopping") if node.stopping else ("ok", "check_circle", "alive")
        return format_html("{} {}", badge(*look), moment(node.beat_at))


for model in (Failure, OrmQ, Schedule, Success):  # a schedule's form could call any function of the process
    admin.site.unregister(model)


app_named("django_q", "Background tasks")
named(Failure, "failed task", "failed tasks", func="function")
named(Schedule, "schedule", "schedules", func="function")


@admin.register(Failure)
class FailureAdmin(SuperuserAdmin):
    empty = "No background task has failed."
    list_display = ("name", "func", "started_at", "ended_at", "attempt_count")
    search_fields = ("name", "func")
    ordering = ("-stopped",)
    fields = (*list_display, "result")
    readonly_fields = fields

    @display(description="Started", ordering="started")
    def started_at(self, failure: Failure) -> SafeString | str:
        return moment(failure.started)

    @display(description="Ended", ordering="stopped")
    def ended_at(self, failure: Failure) -> SafeString | str:
        return moment(failure.stopped)


@admin.register(Schedule)
class ScheduleAdmin(SuperuserAdmin):
    empty = "No schedules yet: the worker makes them when it starts."
    list_display = ("name", "func", "schedule_type", "minutes", "repeats", "next_at")
    ordering = ("name",)
    fields = list_display
    readonly_fields = list_display

    @display(description="Next run", ordering="next_run")
    def next_at(self, schedule: Schedule) -> SafeString | str:
        return moment(schedule.next_run)
