"""What happens to members, in words: the events that the feed shows and webhooks are told.

They are public: no error texts of backends, no names of operators, no internal addresses.
"""

from __future__ import annotations

from aggregator.health.announcements import Announcement, shortfall
from aggregator.health.judging import Verdict
from aggregator.health.maintenance import Window
from aggregator.health.policy import Policy
from aggregator.health.standing import Decision, Standing
from aggregator.moments import rfc3339
from aggregator.storage.events import Event
from aggregator.storage.notices import Incident

ERRORS = {
    "connection": "no connection could be made",
    "timeout": "no answer came in time",
    "server": "it answered with server errors",
    "content": "its answers were no openEO",
}
DECIDED = {"exclude": "excluded", "readmit": "readmitted", "decline": "a proposal was turned down"}


def opened(incident: Incident) -> Event:
    """A member went down."""
    why = ERRORS.get(incident.error, "")
    text = f"{incident.backend} does not answer since {rfc3339(incident.opened)}"
    return Event(
        incident.noticed,
        "incident-opened",
        incident.backend,
        f"{incident.backend} is down",
        f"{text}: {why}." if why else f"{text}.",
        {"incident": incident.id, "opened": rfc3339(incident.opened), "error": incident.error},
    )


def closed(incident: Incident, noticed: int) -> Event:
    """A member is up again."""
    end = incident.closed if incident.closed is not None else noticed
    seconds = (end - incident.opened) // 1000
    return Event(
        noticed,
        "incident-closed",
        incident.backend,
        f"{incident.backend} is up again",
        f"{incident.backend} answers since {rfc3339(end)}. It was down for {_lasting(seconds)}.",
        {
            "incident": incident.id,
            "opened": rfc3339(incident.opened),
            "closed": rfc3339(end),
            "seconds": seconds,
        },
    )


def _lasting(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} minutes"


def noted(backend: str, incident: str, text: str, at: int) -> Event:
    """An operator wrote a note on an incident."""
    title = f"Note on the incident at {backend}"
    return Event(at, "incident-note", backend, title, text, {"incident": incident})


def planned(window: Window, entered: int, policy: Policy) -> Event:
    """Maintenance was announced."""
    excused = window.in_time(policy)
    late = "" if excused else " It was announced too late: it counts as downtime."
    return Event(
        entered,
        "maintenance-announced",
        window.backend,
        f"Maintenance of {window.backend} from {rfc3339(window.starts)}",
        f"From {rfc3339(window.starts)} to {rfc3339(window.ends)}. {window.text}{late}".strip(),
        {
            "id": window.id,
            "starts": rfc3339(window.starts),
            "ends": rfc3339(window.ends),
            "announced": rfc3339(window.announced),
            "excused": excused,
        },
    )


def announced(made: Announcement, entered: int, policy: Policy) -> Event:
    """News that takes effect later."""
    facts = {"id": made.id, "kind": made.kind, "announced": rfc3339(made.announced)}
    effective = ""
    if made.effective is not None:
        facts["effective"] = rfc3339(made.effective)
        effective = f"Takes effect on {rfc3339(made.effective)}."
    text = " ".join(part for part in (made.text, effective, shortfall(made, policy)) if part)
    return Event(entered, "announcement", made.backend, made.title, text, facts)


def withdrawn(kind: str, backend: str, subject: str, reason: str, at: int) -> Event:
    """Maintenance was called off, or an announcement withdrawn."""
    said = "Maintenance is called off" if kind == "maintenance" else "An announcement is withdrawn"
    title = f"{said}: {backend}" if backend else said
    return Event(at, f"{kind}-withdrawn", backend, title, reason, {"id": subject})


def judged(verdict: Verdict, closed_at: int) -> Event:
    """A month was judged."""
    evidence = verdict.evidence
    uptime = evidence.uptime
    marks = [verdict.standing, *(["a warning"] if verdict.warned else [])]
    if not verdict.judged:
        marks = ["not judged"]
    title = f"{evidence.backend} in {evidence.month}: {uptime.percent()} %, {' and '.join(marks)}"
    facts = {
        "month": evidence.month,
        "up": uptime.up,
        "counted": uptime.counted,
        "excused": evidence.excused,
        "standing": verdict.standing,
        "judged": verdict.judged,
        "warned": verdict.warned,
        "proposal": verdict.proposal,
    }
    return Event(closed_at, "verdict", evidence.backend, title, verdict.reason, facts)


def decided(decision: Decision) -> Event:
    """An operator decided."""
    title = f"{decision.backend}: {DECIDED[decision.kind]}"
    facts = {"decision": decision.kind}
    return Event(decision.at, "decision", decision.backend, title, decision.reason, facts)


def stands(standing: Standing, at: int) -> Event:
    """A member's standing changed."""
    title = f"{standing.backend} is now {standing.standing}"
    facts = {"standing": standing.standing}
    return Event(at, "standing", standing.backend, title, standing.reason, facts)
