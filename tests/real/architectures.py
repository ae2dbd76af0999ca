"""The three tiny architectures: the shape of each, and the markers of its chat format."""

from dataclasses import dataclass
from typing import Any

HIDDEN = 64
LAYERS = 2
COMMON = {
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": True,
}
THINKING = ("<think>", "</think>")
QWEN_MARKERS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


@dataclass(frozen=True)
class Architecture:
    """What distinguishes one tiny model from the others.

    The two mixtures of experts stay in float32: on the CPU, MLX multiplies gathered experts in no other type.
    They use every expert for every token, since experts that change places unsettle so short a training.
    """

    name: str
    config: dict[str, Any]
    markers: tuple[str, ...]
    words: tuple[str, ...]
    end: str
    parser: str
    precision: str = "float32"

    @property
    def template(self) -> str:
        """The file name of its chat template."""
        return self.name.removeprefix("tiny-") + ".jinja"

    def sized(self, vocabulary: int, end: int | None) -> dict[str, Any]:
        """The config for a vocabulary of this size whose end token has this id."""
        size = {"vocab_size": vocabulary, "bos_token_id": None, "eos_token_id": end}
        text = {"text_config": self.config["text_config"] | size} if "text_config" in self.config else {}
        return self.config | size | text


QWEN3 = Architecture(
    name="tiny-qwen3",
    config=COMMON | {"model_type": "qwen3", "intermediate_size": 160, "rope_theta": 10000.0},
    markers=QWEN_MARKERS,
    words=(*THINKING, "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"),
    end="<|im_end|>",
    parser="json_tools",
    precision="float16",
)

QWEN3_5_MOE = Architecture(
    name="tiny-qwen3.5-moe",
    config={
        "model_type": "qwen3_5_moe",
        "text_config": COMMON
        | {
            "model_type": "qwen3_5_moe_text",
            "full_attention_interval": 2,
            "linear_num_key_heads": 2,
            "linear_num_value_heads": 4,
            "linear_key_head_dim": 16,
            "linear_value_head_dim": 16,
            "linear_conv_kernel_dim": 4,
            "num_experts": 2,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 64,
            "shared_expert_intermediate_size": 64,
            "rope_parameters": {"type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5},
        },
    },
    markers=QWEN_MARKERS,
    words=QWEN3.words,
    end="<|im_end|>",
    parser="qwen3_coder",
)

MINIMAX_M2 = Architecture(
    name="tiny-minimax-m2",
    config=COMMON
    | {
        "model_type": "minimax_m2",
        "intermediate_size": 96,
        "shared_intermediate_size": 0,
        "num_local_experts": 2,
        "num_experts_per_tok": 2,
        "rope_theta": 10000.0,
        "rotary_dim": 16,
    },
    markers=("]~!b[", "]~b]", "[e~["),
    words=(*THINKING, "<minimax:tool_call>", "</minimax:tool_call>"),
    end="[e~[",
    parser="minimax_m2",
)

ARCHITECTURES = (QWEN3, QWEN3_5_MOE, MINIMAX_M2)
