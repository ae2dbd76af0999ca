"""A model as milo.toml names it: enough to reach and to sample it. A key is named, never held."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)

READ_BACK = "read back"
"""Validation context of an entry that comes from a stored or exported run: it need not be reachable."""


class _Part(BaseModel):
    # Built at the first validation: commands that only list runs import this module too.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ServerEntry(_Part):
    """A mlx_lm.server that Milo starts, watches and stops: `[model.server]`.

    `ranks` (on this machine) or `hosts` (a host file of `mlx.launch`) spread it; `memory_gb` is of all ranks
    together. Times are in seconds; weights that must first be downloaded count as loading.
    """

    weights: Annotated[str, StringConstraints(min_length=1)]
    memory_gb: float | None = Field(None, gt=0)
    args: list[str] = Field(default_factory=list, description="Further options of mlx_lm.server.")
    trust_remote_code: bool = False
    port: int | None = Field(None, ge=1, le=65535, description="A free one without it.")
    python: str | None = Field(None, description="The interpreter that has mlx-lm; Milo's own without it.")
    prompt_cache_size: int | None = Field(None, ge=0)
    chat_template_args: dict[str, Any] = Field(default_factory=dict)
    hosts: str | None = None
    ranks: int | None = Field(None, ge=2)
    pipeline: bool = False
    load_timeout: float = Field(3600, gt=0)
    probe_timeout: float = Field(120, gt=0)
    stop_timeout: float = Field(20, gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for option in self.args:
            if key := _SET_BY_MILO.get(option.split("=")[0]):
                raise ValueError(f"args must not hold {option}: {key}")
        if self.hosts and self.ranks:
            raise ValueError("give hosts or ranks, not both: the host file says how many ranks there are")
        if self.pipeline and not self.is_distributed:
            raise ValueError("pipeline needs ranks or hosts: one process has nobody to pass layers on to")
        return self

    @property
    def is_distributed(self) -> bool:
        """Whether several processes serve the model together."""
        return bool(self.hosts or self.ranks)


_SET_BY_MILO = {
    "--model": "weights names the model",
    "--port": "port sets it",
    "--host": "Milo's own server listens on loopback",
    "--trust-remote-code": "set trust_remote_code, so that it is shown",
    "--prompt-cache-size": "set prompt_cache_size",
    "--chat-template-args": "set chat_template_args",
    "--pipeline": "set pipeline",
}


class SimulatedEntry(_Part):
    """A simulated model of `milo demo`: its part (see simulated/) and its pace."""

    profile: str
    pace: Literal["instant", "fast", "real"] = "real"


class ModelEntry(_Part):
    """One `[[model]]` of milo.toml.

    Times are in seconds. `silence_timeout` bounds the wait between two pieces of a stream; it is long by
    default because mlx_lm.server sends nothing at all while it writes a tool call.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    protocol: str = Field(description="A name in endpoints/factory.py, which knows what each needs.")
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
    strict: bool = Field(False, description="Take every repair of the server's protocol for a loss.")
    stream: bool = Field(True, description="Without it answers come whole: the control arm for lost calls.")
    lane: str | None = Field(
        None, description="Models of one lane run one after another; see runner/plan.py."
    )
    memory_gb: float | None = Field(None, gt=0, description="Memory of a server that Milo does not start.")
    quantization: str | None = Field(None, description="For the manifest and the report, e.g. 8-bit.")
    server: ServerEntry | None = None
    simulated: SimulatedEntry | None = None

    @classmethod
    def read_back(cls, data: Mapping[str, Any]) -> Self:
        """The entry of a stored or exported run: another version of Milo may know other keys, and a shared report
        has no address. Raises ValueError that names the field.
        """
        known = {key: value for key, value in data.items() if key in cls.model_fields}
        try:
            return cls.model_validate(known, context=READ_BACK)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None

    def as_dict(self) -> dict[str, Any]:
        """The keys that are set, as JSON values."""
        return self.model_dump(mode="json", exclude_unset=True)

    @model_validator(mode="after")
    def _reachable(self, info: ValidationInfo) -> Self:
        if info.context == READ_BACK:
            return self
        if self.server and self.server.is_distributed and self.seed is not None:
            raise ValueError(
                "seed must go: a stream with a seed that breaks off deadlocks a distributed server"
            )
        if self.base_url is not None and urlsplit(self.base_url).scheme not in ("http", "https"):
            raise ValueError("base_url must begin with http:// or https://")
        return self

    @property
    def memory(self) -> float | None:
        """Gigabytes of memory that the model needs, where the entry says so."""
        return self.server.memory_gb if self.server and self.server.memory_gb else self.memory_gb

    @property
    def is_simulated(self) -> bool:
        """Whether a simulated model plays this entry."""
        return self.simulated is not None

    @property
    def is_managed(self) -> bool:
        """Whether Milo starts this model's server itself; a base_url names one that runs already."""
        return self.server is not None and self.base_url is None and not self.is_simulated
