"""A service's copy of a campaign: the rules that hold now."""

from dataclasses import dataclass, replace

from shared.contracts.envelope import CampaignOpened, CapChanged, RulesChanged
from shared.contracts.values import CampaignRules
from shared.events import Event
from shared.journal import StreamKind


@dataclass(frozen=True, slots=True)
class Campaign:
    rules: CampaignRules | None = None

    def fold(self, event: Event) -> "Campaign":
        match event:
            case CampaignOpened() | RulesChanged() | CapChanged():
                return replace(self, rules=event.rules)
            case _:
                return self


KIND = StreamKind("campaign", Campaign())
