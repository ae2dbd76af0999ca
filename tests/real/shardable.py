"""The same tiny model in a form that two ranks can share: one key/value head for every query head."""

import json
import shutil
from pathlib import Path

import mlx.core as mx


def shardable(source: Path, folder: Path) -> Path:
    """Copy a model with every key/value head repeated, which changes nothing of what it computes."""
    shutil.copytree(source, folder)
    config = json.loads((folder / "config.json").read_text())
    times = config["num_attention_heads"] // config["num_key_value_heads"]
    weights = mx.load(str(folder / "model.safetensors"))
    assert isinstance(weights, dict)
    for name, weight in weights.items():
        if ".k_proj." in name or ".v_proj." in name:
            heads = weight.reshape(config["num_key_value_heads"], config["head_dim"], -1)
            weights[name] = mx.repeat(heads, times, axis=0).reshape(-1, weight.shape[-1])
    mx.save_safetensors(str(folder / "model.safetensors"), weights, metadata={"format": "mlx"})
    config["num_key_value_heads"] = config["num_attention_heads"]
    (folder / "config.json").write_text(json.dumps(config))
    return folder
