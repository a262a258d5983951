"""Bad input gets a clear error and loses nothing: through the public APIs, on every stack. What its cases share."""

from deploy.demo.bailleurs import BAILLEURS
from deploy.demo.letters import presentation_pdf
from deploy.demo.operations import OPERATIONS
from deploy.demo.people import representative

STRANGER = representative(BAILLEURS[1].siren)
PRESENTATION = presentation_pdf(OPERATIONS[0])


def changed(form, path, value):
    """The form with one value replaced; `path` like `loans/0/principal_cents`."""
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place = form
    for step in way:
        place = place[step]
    place[last] = value
    return form
