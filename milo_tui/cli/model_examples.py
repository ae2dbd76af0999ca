"""The milo.toml files that `milo models init` writes."""

from typing import Literal

Example = Literal["local", "published"]

_HEAD = """\
# Milo's models. A key is never written here: api_key_env names the environment variable that holds it.
# Local models on one machine run one after another; APIs run at the same time.
"""

_LOCAL = """
[[model]]
id = "local"
name = "My local model"
protocol = "openai"
where = "local"
base_url = "http://127.0.0.1:8080/v1"    # mlx_lm.server --model … --port 8080
temperature = 0.0
max_tokens = 4096
# memory_gb = 20                         # shown beside the model's name

[[model]]
id = "sonnet-4.6"
name = "Claude Sonnet 4.6"
protocol = "anthropic"
where = "api"
model = "claude-sonnet-4-6"
api_key_env = "ANTHROPIC_API_KEY"
temperature = 0.0
"""

_PUBLISHED = """# The published run: two models on a Mac Studio with 512 GB, Claude Sonnet 4.6 beside them.

[[model]]
id = "qwen3.5-397b"
name = "Qwen3.5-397B"
protocol = "openai"
where = "local"
temperature = 0.0
max_tokens = 4096
thinking = true
[model.server]
weights = "mlx-community/Qwen3.5-397B-A17B-8bit"
memory_gb = 416
args = []

[[model]]
id = "sonnet-4.6"
name = "Claude Sonnet 4.6"
protocol = "anthropic"
where = "api"
model = "claude-sonnet-4-6"
api_key_env = "ANTHROPIC_API_KEY"
temperature = 0.0

[[model]]
id = "minimax-m2.7"
name = "MiniMax M2.7"
protocol = "openai"
where = "local"
temperature = 1.0
top_p = 0.95
top_k = 40
[model.server]
weights = "baa-ai/MiniMax-M2.7-RAM-203GB-MLX"
memory_gb = 203
trust_remote_code = true
"""


def example_text(name: Example) -> str:
    """The text of an example; `published` is the published run that Milo checks."""
    return _HEAD + (_PUBLISHED if name == "published" else _LOCAL)
