"""Find a prompt by what a person types: its id, its short name, or the beginning of either."""

from collections.abc import Iterable
from difflib import get_close_matches

from milo_tui.errors import MiloError


class PromptNameError(MiloError):
    """A name that no prompt has, or several."""


def find_prompt_id(wanted: str, ids: Iterable[str]) -> str:
    """Return the id of the one prompt meant by `wanted`: `multi_step/refund`, `refund`, `ref`.

    Raises PromptNameError, with the prompts that are meant or near.
    """
    known = list(ids)
    names = {id: (id, id.rpartition("/")[2]) for id in known}
    for fits in (str.__eq__, str.startswith):
        found = [id for id in known if any(fits(name, wanted) for name in names[id])]
        if len(found) == 1:
            return found[0]
        if found:
            raise PromptNameError(f"{wanted} could be {' or '.join(found)}.")
    near = get_close_matches(wanted, [name for pair in names.values() for name in pair], n=1)
    hint = f"did you mean {near[0]}?" if near else "`milo prompts list` names them."
    raise PromptNameError(f"There is no prompt {wanted}; {hint}")
