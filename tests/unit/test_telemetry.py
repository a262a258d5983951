"""Log lines: JSON, with the service, the correlation and the running span; spans go where the setting says."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider

from shared import telemetry
from shared.telemetry import current_traceparent


@pytest.fixture(autouse=True)
def _given_back(monkeypatch) -> Iterator[None]:
    """The process keeps its own provider, handlers and configuration."""
    monkeypatch.setattr(trace, "set_tracer_provider", lambda _: None)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def _configured(_given_back) -> None:
    assert telemetry.configure("intake", None) is None


def written(capsys) -> dict:
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)


def test_a_line_names_its_service_and_what_it_is_about(capsys):
    with structlog.contextvars.bound_contextvars(correlation="demande-7"):
        structlog.get_logger().warning("view_behind", stream="dossier:é")
    line = written(capsys)
    assert {"service": "intake", "level": "warning", "event": "view_behind"}.items() <= line.items()
    assert (line["correlation"], line["stream"]) == ("demande-7", "dossier:é")
    assert line["timestamp"].endswith("Z")
    assert "trace_id" not in line


def test_a_line_inside_a_span_names_it_as_the_traceparent_does(capsys):
    with TracerProvider().get_tracer("essai").start_as_current_span("essai"):
        structlog.get_logger().info("done")
        traceparent = current_traceparent()
    line = written(capsys)
    assert traceparent is not None
    assert traceparent.startswith(f"00-{line['trace_id']}-{line['span_id']}-")


def test_a_debugging_line_is_not_written(capsys):
    structlog.get_logger().debug("noise")
    assert capsys.readouterr().out == ""


def test_a_failure_is_one_line(capsys):
    try:
        raise ValueError("never works")
    except ValueError:
        structlog.get_logger().error("handler_failed", exc_info=True)
    assert "ValueError: never works" in written(capsys)["exception"]


@pytest.mark.parametrize("endpoint", ["http://collector:4318", "http://collector:4318/"])
def test_spans_go_to_the_collector_when_there_is_one(monkeypatch, endpoint):
    given, provided = [], []
    monkeypatch.setattr(trace, "set_tracer_provider", provided.append)

    class Exporter(OTLPSpanExporter):
        def __init__(self, *, endpoint: str) -> None:
            given.append(endpoint)
            super().__init__(endpoint=endpoint)

    monkeypatch.setattr(telemetry, "OTLPSpanExporter", Exporter)
    provider = telemetry.configure("intake", endpoint)
    assert provider is not None
    assert provided == [provider]
    assert given == ["http://collector:4318/v1/traces"]
    assert provider.resource.attributes["service.name"] == "intake"
    assert provider.get_tracer("essai").start_span("essai").is_recording()
    provider.shutdown()


def test_without_a_collector_there_are_no_spans(monkeypatch):
    provided = []
    monkeypatch.setattr(trace, "set_tracer_provider", provided.append)
    assert telemetry.configure("intake", None) is None
    assert provided == []
