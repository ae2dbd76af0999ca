"""Consent to resume an imported run: its entries name addresses, keys and programs that somebody else chose."""

import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from milo_tui.analysis.phases import Origin
from milo_tui.analysis.record import ModelRecord, RunRecord
from milo_tui.endpoints.entry import ModelEntry
from milo_tui.errors import MiloError
from milo_tui.runner.plan import model_record
from milo_tui.store.queries import Reader
from milo_tui.store.store import writing


class ConsentError(MiloError):
    """An imported run that may not be resumed as it is; says what it would contact and how to agree."""


def require_consent(run: RunRecord) -> None:
    """Raise ConsentError for an imported run that nobody agreed to resume."""
    if run.origin is Origin.IMPORTED:
        raise ConsentError(
            f"Run {run.number} was imported: `milo resume {run.number}` shows what it would contact, and asks."
        )


async def obtain_consent(
    database: Path,
    number: int,
    own_entries: Callable[[], Iterable[ModelEntry]],
    ask: Callable[[Sequence[str]], bool] | None = None,
    *,
    trust: bool = False,
) -> None:
    """Make an imported run ready to be resumed. Other runs are left as they are.

    A model takes the entry of its id in `own_entries`, milo.toml's; simulated ones contact nobody and keep theirs.
    For the others `ask` is given a line each about what they contact, unless `trust`. Raises ConsentError without
    consent.
    """
    reader = await Reader.open(database)
    try:
        run = await reader.run(number)
    finally:
        await reader.aclose()
    if run.origin is not Origin.IMPORTED:
        return
    own = {entry.id: entry for entry in own_entries()}
    models = [model_record(own[model.id]) if model.id in own else model for model in run.models]
    foreign = [model for model in models if model.id not in own and not _is_harmless(model)]
    lines = [describe(model) for model in foreign]
    if foreign and not trust and not (ask and ask(lines)):
        listed = "".join(f"\n  {line}" for line in lines)
        raise ConsentError(
            f"Run {number} was imported, and milo.toml has no {', '.join(model.id for model in foreign)}. "
            f"Resumed with its own entries it would contact:{listed}\nGive these models entries in milo.toml, or "
            f"agree with `milo resume {number} --trust-imported`."
        )
    async with writing(database) as store:
        await store.approve(number, models)


def describe(model: ModelRecord) -> str:
    """What resuming a model would do: the program started or the address contacted, and the key sent."""
    entry = model.entry
    if entry.is_managed and entry.server is not None:
        server = entry.server
        parts = [server.python or "python", "-m", "mlx_lm.server", "--model", server.weights, *server.args]
        code = ", which may run code that comes with the weights" if server.trust_remote_code else ""
        return f"{model.id}: starts {shlex.join(parts)}{code}"
    key = f", and sends it the key in {entry.api_key_env}" if entry.api_key_env else ""
    return f"{model.id}: contacts {_address(entry)}{key}"


def _address(entry: ModelEntry) -> str:
    return entry.base_url or "the address of its provider"


def _is_harmless(model: ModelRecord) -> bool:
    """Whether an entry is nothing but a simulated model."""
    entry = model.entry
    return entry.is_simulated and not (entry.base_url or entry.server or entry.api_key_env)
