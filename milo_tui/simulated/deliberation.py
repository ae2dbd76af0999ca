"""Reasoning that could stand before any turn: sentences drawn from templates, never about a right answer."""

from collections.abc import Iterator, Sequence
from random import Random

SHORTEST, LONGEST = 120, 250
"""Length in tokens, at four characters a token."""

_OPENINGS = (
    "Okay, let me work out what the user is really asking for here.",
    "Let me start by reading the request again, slowly.",
    "Let me think about this step by step before I answer.",
    "First, what do I know so far, and what is still open?",
)
_THOUGHTS = (
    "The system prompt sets the rules, so they come before my own habits.",
    "I have a few tools, and their descriptions say what each of them is for.",
    "I should not guess a value that I was not given.",
    "Some of this may be in an earlier result already; let me look there first.",
    "The order matters: what changes something should come after what only reads.",
    "Wait, is there anything in the request that I have skipped?",
    "Every required argument has to be there, and its type has to fit the schema.",
    "An optional argument that nobody mentioned is better left out.",
    "Hmm, there are two ways to do this, and the shorter one looks safe enough.",
    "If a tool reports an error, I should read what it says before I try again.",
    "The dates are given, so I don't need to assume what day it is today.",
    "Numbers should be copied exactly as they stand, without rounding.",
    "Let me double-check the names: spelling and case should be as they were given.",
    "The user would probably like a short answer that states the result.",
    "It would be wrong to claim something that I have not actually done.",
    "I could ask back, but the request seems clear enough to go on.",
    "The format of the answer matters too, not just what it says.",
    "Actually, let me reconsider that for a moment. Yes, it still holds.",
)
_CALLING = (
    "So {tool} looks like the right tool for the next step.",
    "I'll go with {tool} and see what it returns.",
    "The description of {tool} fits what is needed now.",
)
_ANSWERING = (
    "Nothing more has to be looked up, so I can answer now.",
    "Alright, I have what I need. Time to write the answer.",
    "Good. Let me put that together for the user.",
)


def deliberation(rng: Random, tools: Sequence[str] = ()) -> str:
    """Some 120 to 250 tokens of generic deliberation; `tools` are those the turn goes on to call."""
    wanted = rng.randint(SHORTEST + 25, LONGEST) * 4
    ending = rng.choice(_CALLING).format(tool=tools[0]) if tools else rng.choice(_ANSWERING)
    body = " ".join(_until(wanted - len(ending) - 1, _sentences(rng)))
    return f"{body} {ending}"


def _sentences(rng: Random) -> Iterator[str]:
    yield rng.choice(_OPENINGS)
    yield from rng.sample(_THOUGHTS, len(_THOUGHTS))


def _until(limit: int, sentences: Iterator[str]) -> Iterator[str]:
    length = 0
    for sentence in sentences:
        length += len(sentence) + 1
        if length > limit:
            return
        yield sentence
