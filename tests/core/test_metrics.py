"""The registry counts exactly, from any thread; its null twin refuses the same and keeps nothing."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tgadmin.core.metrics import (
    BOUNDS_MS,
    MAX_SERIES,
    METRICS,
    OTHER,
    MetricKind,
    MetricName,
    Metrics,
    NullRegistry,
    Registry,
    Sample,
)

pytestmark = pytest.mark.pure
ROOT = Path(__file__).resolve().parents[2]
COMMANDS, RUNNING, WRITE_MS = MetricName.COMMANDS, MetricName.COMMANDS_RUNNING, MetricName.INBOX_WRITE_MS


@pytest.fixture
def registry() -> Registry:
    return Registry()


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_name_has_its_row() -> None:
    assert set(METRICS) == set(MetricName)


@pytest.mark.parametrize("name", MetricName)
def test_rows_are_sound(name: MetricName) -> None:
    spec = METRICS[name]
    assert (spec.bounds != ()) == (spec.kind is MetricKind.HISTOGRAM)
    assert list(spec.bounds) == sorted(set(spec.bounds))
    assert name.endswith(("_total", "_seconds")) or spec.kind is not MetricKind.COUNTER
    assert name.endswith("_ms") == (spec.unit == "milliseconds")
    assert not {"session", "account", "chat", "user", "text"} & set(spec.labels)
    assert spec.help.endswith(".")
    assert spec.unit


@pytest.mark.parametrize("name", MetricName)
def test_somebody_counts_it(name: MetricName) -> None:
    sources = (path for folder in ("tgadmin", "apps") for path in (ROOT / folder).rglob("*.py"))
    used = [path for path in sources if path.name != "metrics.py" and f"MetricName.{name.name}" in path.read_text()]
    assert used, f"nobody counts {name}"


# --- counters, gauges, histograms ------------------------------------------------------------------------------------


def test_a_counter_adds_up_and_gives_each_increment_once(registry: Registry) -> None:
    counter = registry.counter(COMMANDS, kind="send", state="done")
    counter.inc()
    counter.inc(4)
    labels = (("kind", "send"), ("state", "done"))
    assert registry.delta() == [Sample(COMMANDS, labels, 5)]
    assert registry.delta() == []
    counter.inc(2)
    assert registry.delta() == [Sample(COMMANDS, labels, 2)]
    assert registry.snapshot() == [Sample(COMMANDS, labels, 7)]


def test_a_counter_never_falls(registry: Registry) -> None:
    with pytest.raises(ValueError, match="upwards"):
        registry.counter(COMMANDS, kind="send", state="done").inc(-1)
    assert registry.delta() == []


def test_a_gauge_stands_where_it_was_put_and_has_no_delta(registry: Registry) -> None:
    gauge = registry.gauge(RUNNING)
    gauge.set(3)
    gauge.set(1)
    assert registry.delta() == []
    assert registry.snapshot() == [Sample(RUNNING, (), 1)]


@pytest.mark.parametrize(("value", "bucket"), [(0, 0), (1, 0), (1.01, 1), (100, 8), (100.01, 9), (20_001, 22)])
def test_a_bound_belongs_to_the_bucket_below_it(registry: Registry, value: float, bucket: int) -> None:
    registry.histogram(WRITE_MS).observe(value)
    [sample] = registry.delta()
    assert [number for number, count in enumerate(sample.buckets) if count] == [bucket]
    assert len(sample.buckets) == len(BOUNDS_MS) + 1


def test_a_histogram_keeps_sum_count_and_the_highest(registry: Registry) -> None:
    histogram = registry.histogram(WRITE_MS)
    histogram.observe(2)
    histogram.observe(700)
    [first] = registry.delta()
    assert (first.value, first.total, first.highest, sum(first.buckets)) == (2, 702, 700, 2)
    histogram.observe(8)
    [second] = registry.delta()
    assert (second.value, second.total, second.highest, sum(second.buckets)) == (1, 8, 8, 1)
    [whole] = registry.snapshot()
    assert (whole.value, whole.total, whole.highest, sum(whole.buckets)) == (3, 710, 700, 3)


def test_a_sample_does_not_change_after_it_was_taken(registry: Registry) -> None:
    histogram = registry.histogram(WRITE_MS)
    histogram.observe(2)
    [sample] = registry.delta()
    kept = sample.buckets
    histogram.observe(2)
    assert sample.buckets == kept
    assert sum(kept) == 1


# --- series ----------------------------------------------------------------------------------------------------------


def test_the_same_labels_are_the_same_series(registry: Registry) -> None:
    one = registry.counter(COMMANDS, kind="send", state="done")
    assert registry.counter(COMMANDS, state="done", kind="send") is one
    assert registry.counter(COMMANDS, kind="send", state="failed") is not one


def test_a_label_with_too_many_values_ends_in_one_series(registry: Registry) -> None:
    for number in range(MAX_SERIES + 50):
        registry.counter(MetricName.FLOOD_WAITS, method=f"messages.method{number}").inc()
    samples = registry.delta()
    assert len(samples) == MAX_SERIES + 1
    assert samples[-1] == Sample(MetricName.FLOOD_WAITS, (("method", OTHER),), 50)
    assert registry.counter(MetricName.FLOOD_WAITS, method="messages.method7") is not registry.counter(
        MetricName.FLOOD_WAITS, method=OTHER
    )


@pytest.mark.parametrize("metrics", [Registry(), NullRegistry()], ids=["registry", "null"])
@pytest.mark.parametrize(
    "wrong",
    [
        lambda metrics: metrics.counter(COMMANDS, kind="send"),
        lambda metrics: metrics.counter(COMMANDS, kind="send", state="done", chat="5"),
        lambda metrics: metrics.gauge(RUNNING, kind="send"),
        lambda metrics: metrics.gauge(COMMANDS, kind="send", state="done"),
        lambda metrics: metrics.counter(RUNNING),
        lambda metrics: metrics.histogram(RUNNING),
    ],
)
def test_both_twins_refuse_what_the_table_does_not_have(metrics: Metrics, wrong: Callable[[Metrics], object]) -> None:
    with pytest.raises(ValueError, match=r"total|running"):
        wrong(metrics)


def test_the_null_twin_takes_everything_and_keeps_nothing() -> None:
    metrics: Metrics = NullRegistry()
    metrics.counter(COMMANDS, kind="send", state="done").inc(3)
    metrics.gauge(RUNNING).set(4)
    metrics.histogram(WRITE_MS).observe(5)
    assert (metrics.delta(), metrics.snapshot()) == ([], [])


# --- threads ---------------------------------------------------------------------------------------------------------


def test_nothing_is_lost_or_counted_twice_while_threads_count_and_one_takes(registry: Registry) -> None:
    threads, rounds = 8, 1000
    start, over = threading.Barrier(threads + 1), threading.Event()
    taken: list[Sample] = []

    def count(number: int) -> None:
        start.wait()
        for turn in range(rounds):
            registry.counter(COMMANDS, kind="send", state=("done", "failed")[turn % 2]).inc()
            registry.histogram(WRITE_MS).observe(number)

    def take() -> None:
        start.wait()
        while not over.is_set():
            taken.extend(registry.delta())
        taken.extend(registry.delta())

    counting = [threading.Thread(target=count, args=(number,)) for number in range(threads)]
    taking = threading.Thread(target=take)
    for thread in (*counting, taking):
        thread.start()
    for thread in counting:
        thread.join()
    over.set()
    taking.join()

    expected = threads * rounds
    assert sum(sample.value for sample in taken if sample.name is COMMANDS) == expected
    writes = [sample for sample in taken if sample.name is WRITE_MS]
    assert sum(sample.value for sample in writes) == expected
    assert sum(sum(sample.buckets) for sample in writes) == expected
    assert sum(sample.total for sample in writes) == rounds * sum(range(threads))
    assert sum(sample.value for sample in registry.snapshot() if sample.name is COMMANDS) == expected


def test_the_collector_may_count_while_its_own_thread_counts(registry: Registry) -> None:
    counter = registry.counter(COMMANDS, kind="send", state="done")

    def collected(phase: str, facts: dict[str, int]) -> None:
        counter.inc()

    gc.callbacks.append(collected)
    try:
        with registry.lock:
            gc.collect()
    finally:
        gc.callbacks.remove(collected)
    [sample] = registry.delta()
    assert sample.value >= 2
