"""The pages of a service's interfaces open on a closed network."""

import re

import httpx
import pytest

from deploy.docs import app_of


async def page_of(path):
    transport = httpx.ASGITransport(app_of("pricing"))
    async with httpx.AsyncClient(transport=transport, base_url="http://pricing") as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("path", ["/docs", "/asyncapi"])
async def test_the_interface_pages_fetch_nothing_from_elsewhere(path):
    fetched = re.findall(r'(?:src|href)="([^"]+)"', await page_of(path))
    assert fetched
    assert not [url for url in fetched if "//" in url]


async def test_the_page_of_messages_names_every_event_a_service_publishes_and_reads():
    page = await page_of("/asyncapi")
    assert "OfferIssued" in page
    assert "RiskProfileRecorded" in page
    assert "valid_until" in page
