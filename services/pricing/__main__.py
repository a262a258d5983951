"""`python -m services.pricing`: run the service."""

from services.pricing.main import build
from shared.main import run

if __name__ == "__main__":
    run(build)
