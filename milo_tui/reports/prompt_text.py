"""A prompt as text: what is asked, its tools, its checks and its reference solution."""

import json

from milo_tui.suite import json_text
from milo_tui.suite.prompt import Prompt
from milo_tui.suite.tools import play


def describe(prompt: Prompt) -> str:
    """The prompt as a person reads it, in plain text."""
    parts = [
        f"{prompt.name} (version {prompt.version}): {prompt.title}",
        *([f"Why it is hard: {prompt.why_hard.strip()}"] if prompt.why_hard else []),
        *([f"System:\n{_indent(prompt.system)}"] if prompt.system else []),
        f"User:\n{_indent(prompt.user)}",
        "Tools:\n" + ("\n".join(_tools(prompt)) or "  none"),
        "Checks, a point each:\n"
        + "\n".join(f"  {i}. {check.title}" for i, check in enumerate(prompt.checks, 1)),
        "Reference (3 of 3):\n" + "\n".join(_reference(prompt)),
    ]
    return "\n\n".join(parts)


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines())


def _tools(prompt: Prompt) -> list[str]:
    lines = []
    for tool in prompt.tools:
        required = set(tool.parameters.get("required", []))
        names = [name if name in required else f"{name}?" for name in tool.parameters.get("properties", {})]
        effect = "  [has effects]" if tool.effect else ""
        lines.append(f"  {tool.name}({', '.join(names)}){effect}\n      {' '.join(tool.description.split())}")
    return lines


def _reference(prompt: Prompt) -> list[str]:
    lines = []
    for turn in play(prompt, prompt.reference).turns:
        for call, result in zip(turn.calls, turn.results, strict=False):
            lines.append(f"  ⚙ {call.name} {json_text.show(call.arguments, 400)}")
            lines.append(f"  ← {json_text.show(result.content, 400)}")
        if turn.text:
            lines.append(_indent(_pretty(turn.text)))
    return lines


def _pretty(text: str) -> str:
    try:
        return json.dumps(json_text.parse(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
