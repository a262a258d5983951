"""`python -m services.contracting`: run the service."""

from services.contracting.main import build
from shared.main import run

if __name__ == "__main__":
    run(build)
