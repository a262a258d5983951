"""Traces, metrics and logs: OpenTelemetry across HTTP and Kafka, Prometheus on /metrics, JSON lines by structlog."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import Counter, Gauge, Histogram

# Libraries whose warnings name the holders of certificates: what they find is in the journal's reports.
NAMING_LOGGERS = ("pyhanko", "pyhanko_certvalidator")


class Metrics:
    """Every metric of the product, by name; docs/metrics.md lists them."""

    messages = Counter("als_messages", "Messages consumed, by outcome", ["group", "type", "outcome"])
    dead_letters = Counter("als_dead_letters", "Messages put in a dead-letter topic", ["group", "reason"])
    consumer_stuck = Counter(
        "als_consumer_stuck", "Deliveries tried again: unforeseen failure, or no dead-letter topic", ["group"]
    )
    missing = Gauge("als_messages_missing", "1 while a message waits for one before it that has not come", ["group"])
    handling = Histogram("als_handling_seconds", "Time to handle a message", ["group", "type"])
    requests = Histogram("als_http_seconds", "Time to answer a request", ["method", "route", "status"])
    commits = Counter("als_commits", "Commits appended to the journal", ["kind"])
    relay_backlog = Gauge("als_relay_backlog", "Commits, and streams with others, that this process has yet to publish")
    component_up = Gauge("als_component_up", "1 when the component answered the last readiness check", ["component"])
    envelope_cents = Gauge("als_envelope_cents", "The envelope's figures", ["campaign", "figure"])
    envelope_waiting = Gauge("als_envelope_waiting", "Dossiers on the waiting list", ["campaign"])
    ledger_gap = Gauge("als_ledger_gap", "1 while the ledger waits for a missing deposit number", ["campaign"])
    rules_refused = Gauge(
        "als_rules_refused", "1 while the last rules two people adopted are refused by the ledger", ["campaign"]
    )
    ledger_epoch = Gauge("als_ledger_epoch", "Takeovers of the ledger so far, as this writer knows it", ["campaign"])


def configure(service: str, otlp_endpoint: str | None) -> TracerProvider | None:
    """Logs to standard output; spans to the collector, and none where there is none: what belongs together is found by
    its correlation. Call once a process. What is returned has to be shut down.
    """
    provider = _collected(service, otlp_endpoint) if otlp_endpoint else None
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s", force=True)
    keep_names_out()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _with_trace,
            _with_service(service),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return provider


def _collected(service: str, otlp_endpoint: str) -> TracerProvider:
    provider = TracerProvider(resource=Resource({SERVICE_NAME: service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)
    return provider


def keep_names_out() -> None:
    """No library's log names the holder of a certificate; also before a service is configured."""
    for name in NAMING_LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def current_traceparent() -> str | None:
    """The W3C trace context of the running span, to travel in a commit."""
    if not trace.get_current_span().get_span_context().is_valid:
        return None
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


def _with_trace(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = format(context.trace_id, "032x")
        line["span_id"] = format(context.span_id, "016x")
    return line


def _with_service(service: str) -> Any:
    def add(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        line["service"] = service
        return line

    return add
