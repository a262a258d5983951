"""The public events, one module a producer. Importing this package registers them all."""

from shared.contracts import contracting, envelope, instruction, intake, pricing, values

__all__ = ["contracting", "envelope", "instruction", "intake", "pricing", "values"]
