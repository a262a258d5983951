"""Instruction's settings."""

from shared.settings import ServiceSettings


class InstructionSettings(ServiceSettings):
    database: str = "instruction"
