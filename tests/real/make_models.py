"""Makes the tiny models: `python -m tests.real.make_models [NAME ...]`."""

import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import mlx.core as mx
from mlx.utils import tree_map
from mlx_lm.utils import _get_classes, load_tokenizer, save_model

from .architectures import ARCHITECTURES, Architecture
from .curriculum import lessons_of
from .lessons import HERE
from .training import as_sample, learn
from .vocabulary import write_tokenizer

MODELS = HERE / "models"
SEED = 7

log = logging.getLogger(__name__)


def make(architecture: Architecture, folder: Path) -> None:
    """Make one model in an empty folder."""
    lessons = lessons_of(architecture.name)
    words = write_tokenizer(folder, architecture, lessons)
    config = architecture.sized(words.get_vocab_size(), words.token_to_id(architecture.end))
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    tokenizer = load_tokenizer(folder)
    samples = [as_sample(tokenizer, lesson) for lesson in lessons]
    mx.random.seed(SEED)
    model_class, arguments_class = _get_classes(config)
    model = model_class(arguments_class.from_dict(config))
    model.train()
    learn(model, samples, SEED)
    precision = getattr(mx, architecture.precision)
    model.update(tree_map(lambda weight: weight.astype(precision), model.parameters()))
    save_model(folder, model)
    (folder / "model.safetensors.index.json").unlink()


def replace(architecture: Architecture) -> None:
    """Make one model elsewhere; the old one stays until the new one is there."""
    folder = MODELS / architecture.name
    with tempfile.TemporaryDirectory() as temporary:
        fresh = Path(temporary, architecture.name)
        fresh.mkdir()
        make(architecture, fresh)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(fresh, folder)


def main() -> None:
    """Make the models that are named, or all of them."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for architecture in ARCHITECTURES:
        if not sys.argv[1:] or architecture.name in sys.argv[1:]:
            log.info("%s", architecture.name)
            replace(architecture)


if __name__ == "__main__":
    main()
