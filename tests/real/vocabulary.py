"""Makes the tokenizer of a tiny model: a byte-level BPE that has read nothing but its own lessons."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers.utils.chat_template_utils import render_jinja_template

from .architectures import Architecture
from .lessons import HERE, Lesson

SIZE = 1280
# How Qwen3.5 splits words. transformers replaces the splitting of any tokenizer.json that comes with
# `model_type: qwen3_5_moe` by this one, so every other would be used in training and then not by the server.
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def write_tokenizer(folder: Path, architecture: Architecture, lessons: Iterable[Lesson]) -> Tokenizer:
    """Train the tokenizer on the lessons and write it, with the chat template, into the folder."""
    template = (HERE / "templates" / architecture.template).read_text(encoding="utf-8")
    tokenizer = _untrained()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        min_frequency=2,
        show_progress=False,
        special_tokens=[AddedToken(marker, special=True) for marker in architecture.markers],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    texts = [_rendered(template, lesson) for lesson in lessons]
    tokenizer.train_from_iterator(_without(architecture.markers + architecture.words, texts), trainer)
    tokenizer.add_tokens([AddedToken(word, special=False, normalized=False) for word in architecture.words])
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": architecture.end,
        "pad_token": architecture.markers[0],
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    return tokenizer


def _untrained() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _rendered(template: str, lesson: Lesson) -> str:
    """The whole lesson as the chat template writes it."""
    rendered: Any = render_jinja_template(
        conversations=[lesson.parsed_messages()], tools=list(lesson.tools) or None, chat_template=template
    )
    return str(rendered[0][0])


def _without(tokens: tuple[str, ...], texts: Iterable[str]) -> Iterable[str]:
    """The pieces between the added tokens, which BPE must not learn a second time."""
    added = re.compile("|".join(map(re.escape, tokens)))
    for text in texts:
        yield from filter(None, added.split(text))
