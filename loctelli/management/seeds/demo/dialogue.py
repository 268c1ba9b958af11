"""What scripts of conversations are made of, and how they are read."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from security.choices import MessageRole

LINE = re.compile(r"(?P<speaker>agent|lead)(?:, (?P<days>\d+) days? later)?: (?P<text>.+)")
SPEAKERS = {"agent": MessageRole.ASSISTANT, "lead": MessageRole.USER}
# Minutes until an answer, in turn: agents answer at once, people when they get to it.
PAUSES = {"agent": (1, 2, 1, 3), "lead": (4, 26, 2, 51, 9, 3, 38)}


def state(
    stage: str,
    qualified: bool | None,
    *,
    pain_points: Sequence[str] = (),
    objections: Sequence[str] = (),
    decision_maker: str | None = None,
) -> dict[str, Any]:
    """Return the conversation state that a script leaves a lead in; the timeline is the lead's own."""
    return {
        "stage": stage,
        "qualified": qualified,
        "budget": None,
        "decision_maker": decision_maker,
        "pain_points": list(pain_points),
        "objections": list(objections),
    }


def conversation(script: str, start: datetime) -> Iterator[tuple[MessageRole, str, datetime]]:
    """Yield role, text and moment of each message of a script whose words are filled in."""
    moment = start
    for number, line in enumerate(script.strip().splitlines()):
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"No line of a conversation: {line!r}")
        pauses = PAUSES[match["speaker"]]
        moment += timedelta(days=int(match["days"] or 0), minutes=pauses[number // 2 % len(pauses)])
        yield SPEAKERS[match["speaker"]], match["text"], moment
