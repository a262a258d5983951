"""`python -m services.instruction`: run the service."""

from services.instruction.main import build
from shared.main import run

if __name__ == "__main__":
    run(build)
