"""A model as milo.toml names it: enough to reach and to sample it. A key is named, never held."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from milo_tui.endpoints.endpoint import Sampling


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerEntry(_Part):
    """A mlx_lm.server that Milo starts, watches and stops: `[model.server]`."""

    weights: str
    memory_gb: float | None = Field(None, gt=0)
    args: list[str] = Field(default_factory=list)
    trust_remote_code: bool = False


class SimulatedEntry(_Part):
    """A simulated model of `milo demo`: its part (see endpoints/simulated.py) and its pace."""

    profile: str
    pace: Literal["instant", "fast", "real"] = "real"


class ModelEntry(_Part):
    """One `[[model]]` of milo.toml.

    Times are in seconds. `silence_timeout` bounds the wait between two pieces of a stream; it is long by
    default because mlx_lm.server sends nothing at all while it writes a tool call.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    protocol: Literal["openai", "anthropic"]
    where: Literal["local", "api"]
    base_url: str | None = None
    model: str | None = Field(None, description="The model's name on the wire.")
    api_key_env: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = Field(
        None, description="The environment variable that holds the key."
    )
    api_version: str = Field("2023-06-01", description="Sent as anthropic-version.")
    max_tokens: int = Field(4096, ge=1)
    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=0)
    min_p: float | None = Field(None, ge=0, le=1)
    presence_penalty: float | None = None
    repetition_penalty: float | None = Field(None, gt=0)
    seed: int | None = Field(None, ge=0)
    thinking: bool | None = None
    thinking_budget: int = Field(2048, ge=1024, description="Tokens; Anthropic's manual thinking only.")
    echo_reasoning: Literal["auto", "reasoning", "reasoning_content", "both", "none"] = "auto"
    connect_timeout: float = Field(10, gt=0)
    first_byte_timeout: float = Field(300, gt=0)
    silence_timeout: float = Field(600, gt=0)
    lane: str | None = Field(None, description="Models of one lane run one after another; see bench/plan.py.")
    memory_gb: float | None = Field(None, gt=0, description="Memory of a server that Milo does not start.")
    quantization: str | None = Field(None, description="For the manifest and the report, e.g. 8-bit.")
    server: ServerEntry | None = None
    simulated: SimulatedEntry | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.protocol == "anthropic" and not self.model:
            raise ValueError("model is missing: give the model's name on the wire, e.g. claude-sonnet-4-6")
        if self.base_url is None and self.protocol == "openai" and not (self.server or self.simulated):
            raise ValueError("base_url is missing: give the server's address, or a [model.server] to start")
        if self.base_url is not None and urlsplit(self.base_url).scheme not in ("http", "https"):
            raise ValueError("base_url must begin with http:// or https://")
        return self

    @property
    def sampling(self) -> Sampling:
        """The sampling keys of this entry."""
        return Sampling(
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            presence_penalty=self.presence_penalty,
            repetition_penalty=self.repetition_penalty,
            seed=self.seed,
            thinking=self.thinking,
        )

    @property
    def memory(self) -> float | None:
        """Gigabytes of memory that the model needs, where the entry says so."""
        return self.server.memory_gb if self.server and self.server.memory_gb else self.memory_gb

    @property
    def is_simulated(self) -> bool:
        """Whether a simulated model plays this entry."""
        return self.simulated is not None
