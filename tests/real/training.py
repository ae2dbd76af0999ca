"""Teaches a tiny model its lessons by heart."""

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter as clock
from typing import Any, TypeAlias

import mlx.core as mx
import mlx.optimizers as optim
from mlx.nn.losses import cross_entropy
from mlx.nn.utils import value_and_grad

from .lessons import Lesson

BATCH = 2
RATE = 3e-3
SURE = 0.95
USUAL_ROUNDS = 45
MOST_ROUNDS = 120
REVISION = 4

log = logging.getLogger(__name__)

Batch: TypeAlias = tuple[mx.array, mx.array, mx.array]


@dataclass(frozen=True)
class Sample:
    """One lesson as tokens; `taught` says which of them the model has to write itself."""

    tokens: list[int]
    taught: list[bool]


def as_sample(tokenizer: Any, lesson: Lesson) -> Sample:
    """Render a lesson with the template that the server will use, turn after turn.

    Each turn must continue what the model itself has written, token for token: otherwise the server's
    prefix cache would miss, and the model would be asked about texts it has never seen.
    """
    render = partial(tokenizer.apply_chat_template, tools=list(lesson.tools) or None)
    messages = lesson.parsed_messages()
    tokens: list[int] = []
    taught: list[bool] = []
    for index in (i for i, message in enumerate(messages) if message["role"] == "assistant"):
        prompt = render(messages[:index], add_generation_prompt=True)
        answer = render(messages[: index + 1], add_generation_prompt=False)
        end = len(answer) - answer[::-1].index(tokenizer.eos_token_id)
        if prompt[: len(tokens)] != tokens or answer[: len(prompt)] != prompt:
            raise ValueError(f"{lesson.name}: the chat template does not repeat what the model has written")
        taught += [False] * (len(prompt) - len(tokens)) + [True] * (end - len(prompt))
        tokens = answer[:end]
    return Sample(tokens, taught)


def learn(model: Any, samples: Sequence[Sample], seed: int) -> None:
    """Train until the model is sure of every taught token.

    What it is sure of already is only revised now and then, and always in the round that ends the training.
    """
    dice, started = random.Random(seed), clock()
    batches = [_padded(batch) for batch in _batches(samples)]
    optimizer = optim.AdamW(_rate(USUAL_ROUNDS * len(batches)), betas=[0.9, 0.99], weight_decay=0.0)
    step = value_and_grad(model, _loss)
    surest = dict.fromkeys(range(len(batches)), 0.0)
    for number in range(MOST_ROUNDS):
        known = {batch for batch, sure in surest.items() if sure > SURE}
        if len(known) == len(batches) and _is_sure(model, batches):
            return
        revises = number % REVISION == 0 or len(known) == len(batches)
        todo = [batch for batch in surest if revises or batch not in known]
        dice.shuffle(todo)
        for batch in todo:
            (_, least), gradients = step(model, *batches[batch])
            gradients, _ = optim.clip_grad_norm(gradients, 1.0)
            optimizer.update(model, gradients)
            mx.eval(model.parameters(), optimizer.state)
            surest[batch] = float(least)
        log.info(
            "round %d: sure of %d of %d batches, %.0f s", number, len(known), len(batches), clock() - started
        )
    raise RuntimeError(f"not learned after {MOST_ROUNDS} rounds")


def _rate(steps: int) -> Any:
    """A short warm-up, then a decay over as many steps as it usually takes."""
    warm_up = 20
    decay = optim.cosine_decay(RATE, steps, RATE / 10)
    return optim.join_schedules([optim.linear_schedule(0.0, RATE, warm_up), decay], [warm_up])


def _is_sure(model: Any, batches: Sequence[Batch]) -> bool:
    """Whether the model, as it is now, is sure of everything."""
    return all(float(_loss(model, *batch)[1]) > SURE for batch in batches)


def _loss(model: Any, tokens: mx.array, rows: mx.array, columns: mx.array) -> tuple[mx.array, mx.array]:
    """Cross entropy over the taught tokens alone, and the probability of the least certain one."""
    hidden = model.model(tokens[:, :-1])[rows, columns]
    losses = cross_entropy(model.model.embed_tokens.as_linear(hidden), tokens[rows, columns + 1])
    return losses.mean(), mx.exp(-losses.max())


def _batches(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """Samples of like length together, so that little is padded."""
    ordered = sorted(samples, key=lambda sample: len(sample.tokens))
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]


def _padded(batch: list[Sample]) -> Batch:
    """The tokens as one array, and the places whose next token is taught."""
    longest = max(len(sample.tokens) for sample in batch)
    tokens = [sample.tokens + [0] * (longest - len(sample.tokens)) for sample in batch]
    places = [
        (row, column - 1)
        for row, sample in enumerate(batch)
        for column, taught in enumerate(sample.taught)
        if taught
    ]
    rows, columns = zip(*places, strict=True)
    return mx.array(tokens), mx.array(rows), mx.array(columns)
