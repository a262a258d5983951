"""Message headers as text, as a person reads them."""

from shared.bus import raw_headers
from shared.events import MessageMeta


def headers(meta: MessageMeta) -> dict[str, str]:
    return {name: value.decode() for name, value in raw_headers(meta).items()}
