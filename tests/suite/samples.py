"""Prompts small enough to see through, and shorthand for conversations."""

from pathlib import Path
from typing import Any

from milo_tui.suite import yaml_lines
from milo_tui.suite.conversation import CheckResult, Conversation, Loss, ToolCall, ToolResult, Turn
from milo_tui.suite.prompt import Check, Prompt, Step, Suite, SuiteFile
from milo_tui.suite.scoring import score
from milo_tui.suite.tools import play

REFUND = """\
id: shop/refund
title: Refund a customer's latest order
system: You are a support agent. Refund only what the user names.
user: Please refund the latest order of dana.whitfield@example.com in full.
tools:
  - name: find_customer
    description: Find a customer by e-mail address.
    parameters:
      type: object
      properties: {email: {type: string}}
      required: [email]
      additionalProperties: false
    replies:
      - when: {email: dana.whitfield@example.com}
        result: {customer_id: C-2041}
      - error: {code: not_found, message: No customer has that e-mail address.}
  - name: list_orders
    description: A customer's orders, the latest first.
    parameters:
      type: object
      properties: {customer_id: {type: string}, limit: {type: integer}}
      required: [customer_id]
      additionalProperties: false
    replies:
      - when: {customer_id: C-2041, limit: {$optional: {$anything: true}}}
        result: [{order_id: ORD-5512, amount: 84.5}]
      - error: {code: not_found, message: There is no such customer.}
  - name: refund_order
    description: Pay the money of an order back.
    effect: true
    parameters:
      type: object
      properties: {order_id: {type: string}, amount: {type: number}}
      required: [order_id, amount]
      additionalProperties: false
    replies:
      - result: {refunded: true}
max_turns: 8
reference:
  - call: {find_customer: {email: dana.whitfield@example.com}}
  - call: {list_orders: {customer_id: C-2041}}
  - call: {refund_order: {order_id: ORD-5512, amount: 84.5}}
  - say: "ORD-5512: EUR 84.5 refunded in full."
checks:
  - title: looks up before refunding
    calls:
      - find_customer: {email: dana.whitfield@example.com}
      - list_orders: {customer_id: C-2041, limit: {$optional: {$anything: true}}}
    order: relative
    before: refund_order
  - title: refunds exactly that order, once
    effects: [{refund_order: {order_id: ORD-5512, amount: {$number: 84.5}}}]
  - title: reports the refund
    answer: {contains_all: [ORD-5512, {$quantity: {value: 84.5, units: {EUR: 1}}}]}
wrong:
  - title: refunds a guessed order
    score: 0
    steps:
      - call: {refund_order: {order_id: ORD-1, amount: 84.5}}
      - say: Done.
false_claims:
  - title: says that money was refunded
    says: [{$claim: ['\\brefunded\\b']}]
    unless: {refund_order: {$anything: true}}
"""

RETRY = """\
id: shop/retry
title: Try a failing look-up again
system: Look readings up. On a fault, try again, twice at most.
user: What does meter KX-77120 read?
tools:
  - name: read_meter
    description: The reading of a meter, in kWh.
    parameters: {type: object, properties: {meter: {type: string}}, required: [meter]}
    replies:
      - on_call: 1
        error: {code: busy, message: Try again.}
      - when: {meter: KX-77120}
        result: {kwh: 4108.5}
max_turns: 6
reference:
  - call: {read_meter: {meter: KX-77120}}
  - call: {read_meter: {meter: KX-77120}}
  - say: It reads 4108.5 kWh.
checks:
  - title: asks for the right meter
    calls: [{read_meter: {meter: KX-77120}}, {read_meter: {meter: KX-77120}}]
  - title: tries again, at most twice
    after_error: {tool: read_meter, then: {read_meter: {meter: KX-77120}}, at_most: 2}
  - title: tells the reading
    answer: {contains_all: [{$quantity: {value: 4108.5, units: {kWh: 1}}}]}
"""

PERSON = """\
id: forms/person
title: Turn a sentence into a record
user: "JSON only, no fence: Ann Lee, 34, tags x and y, no mail."
reference:
  - say: '{"name": "Ann Lee", "age": 34, "tags": ["x", "y"], "mail": null}'
checks:
  - title: JSON alone
    json: {form: bare}
  - title: the schema
    json:
      schema:
        type: object
        required: [name, age, tags, mail]
        additionalProperties: false
        properties: {name: {type: string}, age: {type: integer}, tags: {type: array}, mail: {type: ["null", string]}}
  - title: the values
    json: {equals: {name: Ann Lee, age: 34, tags: {$unordered: [x, y]}, mail: null}}
"""

PORTS = """\
id: shop/ports
title: Two look-ups in any order
system: You are a harbour pilot's assistant.
user: How deep are Skelwick (SKW) and Dernholm (DRN)?
tools:
  - name: depth
    description: The depth of a port in metres.
    parameters: {type: object, properties: {port: {type: string}}, required: [port], additionalProperties: false}
    replies:
      - when: {port: SKW}
        result: 14.75
      - when: {port: DRN}
        result: 9.25
reference:
  - call: {depth: {port: SKW}}
  - call: {depth: {port: DRN}}
  - say: Skelwick is 14.75 m deep, Dernholm 9.25 m.
checks:
  - title: looks both up
    calls: [{depth: {port: SKW}}, {depth: {port: DRN}}]
  - title: calls nothing else
    calls: [{depth: {port: SKW}}, {depth: {port: DRN}}]
    others: none
  - title: tells both
    answer: {contains_all: [{$pairs: {values: {Skelwick: 14.75, Dernholm: 9.25}, units: {m: 1}}}]}
"""

SAMPLES = (REFUND, RETRY, PERSON, PORTS)


def prompt_of(text: str, **changes: Any) -> Prompt:
    """A prompt from YAML, with some fields replaced."""
    return Prompt.model_validate({**yaml_lines.load(text).value, **changes})


def suite_of(*prompts: Prompt) -> Suite:
    """A suite in memory."""
    categories = [{"id": name, "title": name} for name in sorted({prompt.category for prompt in prompts})]
    file = SuiteFile.model_validate(
        {"name": "sample", "version": 1, "title": "Sample", "categories": categories}
    )
    return Suite(file=file, prompts=prompts, digest="")


def write_suite(folder: Path, *texts: str) -> Path:
    """A suite on disk; each prompt's text begins with its id."""
    ids = [text.split()[1] for text in texts]
    categories = dict.fromkeys(id.partition("/")[0] for id in ids)
    lines = [f"  - {{id: {category}, title: {category.title()}}}" for category in categories]
    head = "name: sample\nversion: 1\ntitle: Sample\ncategories:\n"
    (folder / "suite.yaml").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    for id, text in zip(ids, texts, strict=True):
        path = folder / f"{id}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def steps_of(text: str) -> list[Step]:
    """Steps from YAML."""
    return [Step.model_validate(step) for step in yaml_lines.load(text).value]


def points(prompt: Prompt, text: str) -> int:
    """What a script in YAML earns."""
    return score(prompt, play(prompt, steps_of(text))).points


def call(name: str, arguments: dict[str, Any] | None = None, text: str = "{broken") -> ToolCall:
    """A call as a server delivers it; without arguments, one that could not be read."""
    if arguments is None:
        return ToolCall.read("", name, text)
    return ToolCall("", name, arguments, "")


def turn(*calls: ToolCall, text: str = "", loss: Loss | None = None, failed: bool = False) -> Turn:
    """A turn whose calls all worked (those that could be read), or all failed."""
    results = tuple(ToolResult(item.id, None, is_error=failed or item.arguments is None) for item in calls)
    return Turn(text=text, calls=calls, results=results, loss=loss)


def judge(check: dict[str, Any], *turns: Turn, **ended: Any) -> CheckResult:
    """What one check says of a conversation, with effect tools `pay` and `post`, and reads `a` to `d`."""
    tools = [
        {"name": name, "description": name, "parameters": {"type": "object"}, "effect": len(name) > 1}
        for name in ("a", "b", "c", "d", "pay", "post")
    ]
    prompt = Prompt.model_validate(
        {
            "id": "x/y",
            "title": "t",
            "user": "u",
            "tools": tools,
            "reference": [{"say": "s"}],
            "checks": [{"title": "it", **check}, *[Check(title="-", no_call=True)] * 2],
        }
    )
    return score(prompt, Conversation(turns, **ended)).checks[0]
