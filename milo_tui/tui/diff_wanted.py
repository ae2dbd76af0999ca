"""What a screen says when a diff is to be opened from it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from milo_tui.analysis.record import AttemptRow, RunRecord


@dataclass
class DiffWanted(Message):
    """An attempt is to be compared with another; `choose` asks with which."""

    run: "RunRecord"
    attempts: "list[AttemptRow]"
    prompt: str
    model: str
    repeat: int
    choose: bool = False
