"""`python -m services.intake`: run the service."""

from services.intake.main import build
from shared.main import run

if __name__ == "__main__":
    run(build)
