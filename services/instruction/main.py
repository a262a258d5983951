"""Builds the instruction service."""

from fastapi import FastAPI

from services.instruction import store
from services.instruction.api.routes import router
from services.instruction.domain import review
from services.instruction.domain.eligibility import RULES
from services.instruction.handlers import GROUP, handlers
from services.instruction.settings import InstructionSettings
from services.instruction.usecases import Instruction
from shared.service import Service
from shared.settings import read_settings


def build() -> FastAPI:
    return create_app(read_settings(InstructionSettings))


def create_app(settings: InstructionSettings) -> FastAPI:
    service = Service("instruction", settings)
    instruction = Instruction(
        reviews=service.journal(review.KIND, store.render),
        profiles=service.journal(review.PROFILE_KIND),
        suspicions=service.journal(review.SUSPICION_KIND),
        view=service.view(review.KIND),
        rules=RULES,
        clock=service.clock,
    )
    service.consume(GROUP, handlers(instruction))
    return service.app("Instruction", [router(instruction)])
