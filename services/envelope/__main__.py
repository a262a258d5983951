"""`python -m services.envelope`: run the service."""

from services.envelope.main import build
from shared.main import run

if __name__ == "__main__":
    run(build)
