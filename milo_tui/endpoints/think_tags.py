"""Finding the thinking that a model writes into its text."""

from collections.abc import Iterator
from typing import ClassVar

from milo_tui.endpoints.endpoint import PieceKind

Piece = tuple[PieceKind, str]


class ThinkTags:
    """Takes thinking in tags of PAIRS at the start of streamed content out of it; a tag may come in pieces.

    White space is held back until something visible follows: mlx_lm.server sends "\\n" before the silence
    in which it writes a tool call, and that is no answer yet.
    """

    PAIRS: ClassVar = {"<think>": "</think>", "<mm:think>": "</mm:think>", "<thinking>": "</thinking>"}

    def __init__(self) -> None:
        self.found = False
        self._held = ""
        self._state = self._at_start
        self._is_answer = False
        self._close = ""

    def feed(self, text: str) -> Iterator[Piece]:
        """The pieces of reasoning and text that are certain now."""
        if self._is_answer:
            yield "text", text
            return
        self._held += text
        before = None
        while self._held and before != (self._state, self._held):
            before = (self._state, self._held)
            yield from self._state()

    def rest(self) -> Iterator[Piece]:
        """What was held back, at the end of the content."""
        kind: PieceKind = "reasoning" if self._state == self._thinking else "text"
        if self._held:
            yield kind, self._held
        self._held = ""

    def _at_start(self) -> Iterator[Piece]:
        visible = self._held.lstrip()
        opened = next((tag for tag in self.PAIRS if visible.startswith(tag)), "")
        if opened:
            self.found = True
            self._held, self._close = visible[len(opened) :], self.PAIRS[opened]
            self._state = self._thinking
        elif not any(tag.startswith(visible) for tag in self.PAIRS):
            self._state = self._answering
        yield from ()

    def _thinking(self) -> Iterator[Piece]:
        thought, tag, after = self._held.partition(self._close)
        keep = 0 if tag else _overlap(thought, self._close)
        certain = thought[: len(thought) - keep]
        self._held = after if tag else thought[len(thought) - keep :]
        if tag:
            self._state = self._after_thinking
        if certain:
            yield "reasoning", certain

    def _after_thinking(self) -> Iterator[Piece]:
        if self._held.strip():
            self._state = self._answering
        yield from ()

    def _answering(self) -> Iterator[Piece]:
        text, self._held = self._held, ""
        self._is_answer = True
        yield "text", text


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)
